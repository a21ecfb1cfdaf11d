import { rmSync } from "node:fs";
import { createApp } from "../../src/app.ts";
import { systemClock } from "../../src/clock.ts";
import { loadConfig } from "../../src/config.ts";
import { createLogger } from "../../src/log.ts";
import { temporaryFolder } from "./process.ts";

const TOKEN = "test-admin-api-token";

/** A key as the admin API shows it; only what tests look at. */
export interface KeyJson {
  id: string;
  name: string;
  status: string;
  status_reason: string | null;
  cooldown_until: string | null;
  cooldowns: { model: string | null; until: string; reason: string }[];
  in_flight: number;
  request_count: number;
  success_count: number;
  failure_count: number;
  input_tokens: number;
  output_tokens: number;
  daily_used: number;
  strikes: number;
}

export interface LogRow {
  id: string;
  status: number;
  outcome: string;
  model: string | null;
  stream: boolean;
  error: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  response_bytes: number;
  request_bytes: number;
  duration_ms: number;
  ttft_ms: number | null;
  attempts: { key_id: string; outcome: string; status: number | null; error: string | null }[];
}

export interface AppOptions {
  /** The base URL of the upstream, with `/v1`. */
  upstream: string;
  keys?: string[];
  settings?: Record<string, unknown>;
  env?: Record<string, string>;
}

/** The whole program in this process, on a port of its own and a new data folder, used as from outside. */
export interface TestApp extends AsyncDisposable {
  url: string;
  /** The OpenAI base URL. */
  base: string;
  /** What the program's own log said, one JSON line each. */
  log: string[];
  /** The admin API with its token. */
  api(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }>;
  keys(): Promise<KeyJson[]>;
  /** Waits until the recorder has written, then the newest rows first. */
  logs(kind?: "request" | "error"): Promise<LogRow[]>;
  chat(body?: Record<string, unknown>, init?: RequestInit): Promise<Response>;
}

export async function startApp(options: AppOptions): Promise<TestApp> {
  const folder = temporaryFolder();
  const log: string[] = [];
  const env = { PORT: "0", DATA_DIR: `${folder}/data`, ADMIN_API_TOKEN: TOKEN, ADMIN_PASSWORD: "a good password" };
  const config = loadConfig({ ...env, ...options.env }, false);
  const logger = createLogger({ level: "info", format: "json", write: (line) => log.push(line) });
  const app = await createApp(config, logger, systemClock);
  const url = `http://127.0.0.1:${app.listen()}`;

  const api = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${url}/api/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, json: text === "" ? null : JSON.parse(text) };
  };
  const must = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const { status, json } = await api(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`);
    return json;
  };
  const rows = async <Row>(path: string) => ((await must("GET", path)) as { data: Row[] }).data;

  await must("PATCH", "/settings", { api_endpoint: options.upstream, rotation_request_count: 1, ...options.settings });
  if (options.keys !== undefined && options.keys.length > 0) {
    const rows = options.keys.map((secret) => ({ key: secret, name: secret }));
    const report = (await must("POST", "/keys/import", rows)) as { skipped: unknown[] };
    if (report.skipped.length > 0) throw new Error(`keys were skipped: ${JSON.stringify(report.skipped)}`);
  }
  return {
    url,
    base: `${url}/v1`,
    log,
    api,
    keys: () => rows<KeyJson>("/keys?limit=500"),
    async logs(kind = "request") {
      await Bun.sleep(400);
      return rows<LogRow>(`/logs?kind=${kind}&limit=500`);
    },
    chat: (body = {}, init = {}) =>
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hello" }], ...body }),
        ...init,
      }),
    async [Symbol.asyncDispose]() {
      await app.drain(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
