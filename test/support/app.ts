import { rmSync } from "node:fs";
import { createApp } from "../../src/app.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { loadConfig } from "../../src/config.ts";
import { createLogger } from "../../src/log.ts";
import { type AdminClient, createAdminClient } from "./admin-client.ts";
import { temporaryFolder } from "./process.ts";

const TOKEN = "test-admin-api-token";
/** What `startApp` sets as ADMIN_PASSWORD, unless `env` says otherwise. */
export const APP_PASSWORD = "a good password";

export interface AppOptions {
  /** The base URL of the upstream, with `/v1`. */
  upstream: string;
  keys?: string[];
  settings?: Record<string, unknown>;
  env?: Record<string, string>;
  clock?: Clock;
  /** The data folder outlives the program, for `restart`. */
  keepsData?: boolean;
}

/** The whole program in this process, on a port of its own and a new data folder, used as from outside. */
export interface TestApp extends AdminClient, AsyncDisposable {
  url: string;
  /** The OpenAI base URL. */
  base: string;
  dataDir: string;
  /** What the program's own log said, one JSON line each. */
  log: string[];
  /** Ends the program and starts it anew on the same data (needs `keepsData`). */
  restart(): Promise<TestApp>;
  chat(body?: Record<string, unknown>, init?: RequestInit): Promise<Response>;
}

export function startApp(options: AppOptions): Promise<TestApp> {
  return startIn(temporaryFolder(), options, true);
}

async function startIn(folder: string, options: AppOptions, isNew: boolean): Promise<TestApp> {
  const log: string[] = [];
  const config = loadConfig(
    {
      PORT: "0",
      DATA_DIR: `${folder}/data`,
      ADMIN_API_TOKEN: TOKEN,
      ADMIN_PASSWORD: APP_PASSWORD,
      ...options.env,
    },
    false,
  );
  const logger = createLogger({ level: "info", format: "json", write: (line) => log.push(line) });
  const app = await createApp(config, logger, options.clock ?? systemClock);
  const url = `http://127.0.0.1:${app.listen()}`;
  const admin = createAdminClient(url, TOKEN);
  if (isNew)
    await admin.setUp(options.upstream, options.keys ?? [], {
      rotation_request_count: 1,
      ...options.settings,
    });
  return {
    ...admin,
    url,
    base: `${url}/v1`,
    dataDir: config.dataDir,
    log,
    chat: (body = {}, init = {}) =>
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hello" }], ...body }),
        ...init,
      }),
    async restart() {
      await app.drain(0);
      return startIn(folder, { ...options, keepsData: false }, false);
    },
    async [Symbol.asyncDispose]() {
      await app.drain(0);
      if (options.keepsData === true) return;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
