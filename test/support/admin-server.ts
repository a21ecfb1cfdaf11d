import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Elysia } from "elysia";
import { createAccess } from "../../src/admin/access.ts";
import { createAdminApi } from "../../src/admin/api.ts";
import { type ClientOf, createClientOf } from "../../src/admin/client.ts";
import { createSessions, type Sessions } from "../../src/admin/session.ts";
import type { OperationsDeps } from "../../src/operations/deps.ts";
import { LogTail } from "../../src/operations/log-tail.ts";
import { createOperations, type LoadableOperations } from "../../src/operations/operations.ts";
import { createSessionOperations } from "../../src/operations/sessions.ts";
import type { KeyTestResult } from "../../src/operations/types.ts";
import { KeyPool } from "../../src/pool/pool.ts";
import { LiveRecord } from "../../src/record/live.ts";
import { createSecretBox, equalSecrets, type SecretBox } from "../../src/secrets.ts";
import { createSettings, type LiveSettings } from "../../src/settings.ts";
import { openStorage } from "../../src/storage/storage.ts";
import type { Storage } from "../../src/storage/types.ts";
import type { KeyState, Pool, Upstream } from "../../src/types.ts";
import { type ManualClock, manualClock } from "./clock.ts";

export const API_TOKEN = "test-admin-api-token";
export const PASSWORD = "correct horse battery";
const SECRET_KEY = new Uint8Array(32).fill(7);

export interface AdminOptions {
  /** An earlier server's, to start again on the same data. */
  dir?: string;
  clock?: ManualClock;
  adminPassword?: string | undefined;
  requireAdminLogin?: boolean;
  trustedProxies?: string[];
  probe?: (keyId: string) => Promise<KeyTestResult>;
  checkBaseUrl?: (url: string) => string | null;
  /** Stands between operations and the real storage, to make a write fail. */
  wrapStorage?: (storage: Storage) => Storage;
}

/** The control plane without pages: real storage in a temporary folder, the real pool, nothing upstream. */
export interface AdminParts {
  dir: string;
  clock: ManualClock;
  storage: Storage;
  pool: KeyPool;
  settings: LiveSettings;
  secretBox: SecretBox;
  operations: LoadableOperations;
  deps: OperationsDeps;
  /** What the proxy was told, one entry a call. */
  told: { upstreams: Upstream[][]; pools: Pool[][] };
  /** States that the pool told of, oldest first. */
  states: KeyState[];
  /** Told of requests as they end. */
  tail: LogTail;
  /** Closes the storage; `keep` leaves the folder for another start. */
  close(keep?: "keep"): void;
}

export async function openParts(options: AdminOptions = {}): Promise<AdminParts> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "lb-admin-"));
  const clock = options.clock ?? manualClock();
  const opened = await openStorage({ path: join(dir, "load-balancer.db"), clock });
  const storage = options.wrapStorage?.(opened) ?? opened;
  const settings = createSettings(await storage.settings.all());
  const secretBox = createSecretBox(SECRET_KEY);
  const states: KeyState[] = [];
  const pool = new KeyPool({
    clock,
    settings: () => settings.current,
    events: {
      stateChanged: (state) => states.push(state),
      removed() {},
      rotated() {},
      cooled() {},
      conditionChanged() {},
    },
  });
  const tail = new LogTail();
  const told: AdminParts["told"] = { upstreams: [], pools: [] };
  const deps: OperationsDeps = {
    storage,
    pool,
    settings,
    secretBox,
    clock,
    upstreamHealth: (id) => pool.upstreamHealth(id),
    guide: (model) => ({ model }),
    probe:
      options.probe ?? (async () => ({ outcome: "ok", status: 200, latencyMs: 12, message: "It works." })),
    probeUpstream: async () => ({
      outcome: "invalid_key",
      status: 401,
      latencyMs: 12,
      message: "It wants a key.",
    }),
    listedModels: () => null,
    checkBaseUrl: options.checkBaseUrl ?? (() => null),
    logTail: tail,
    dataDir: dir,
    archiveDir: join(dir, "archive"),
    forgetLive: () => undefined,
    restoreLive: async () => undefined,
    upstreamsChanged: (list) => told.upstreams.push(list),
    poolsChanged: (list) => told.pools.push(list),
  };
  const operations = createOperations(deps);
  await operations.loadAll();
  return {
    dir,
    clock,
    storage,
    pool,
    settings,
    secretBox,
    operations,
    deps,
    told,
    states,
    tail,
    close(keep) {
      storage.close();
      if (keep === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface AdminServer extends AdminParts {
  url: string;
  sessions: Sessions;
  clientOf: ClientOf;
  live: LiveRecord;
  /** What the program's own log got, as JSON. */
  logged: string[];
  /** With the API token and a JSON body, unless told otherwise. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** A log-in's cookie, ready to be sent. */
  logIn(): Promise<string>;
  stop(keep?: "keep"): Promise<void>;
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json: any;
}

export async function startAdmin(options: AdminOptions = {}): Promise<AdminServer> {
  const parts = await openParts(options);
  const { storage, secretBox, clock, operations } = parts;
  const adminPassword = "adminPassword" in options ? options.adminPassword : PASSWORD;
  const sessions = createSessions(
    await createSessionOperations({ storage, secretBox, adminPassword, clock }),
    clock,
  );
  const isTrustedProxy = (address: string) => options.trustedProxies?.includes(address) === true;
  const clientOf = createClientOf({
    connectionAddress: (request) => server.requestIP(request)?.address ?? null,
    clientAddress: (connection) => connection,
    isTrustedProxy,
  });
  const live = new LiveRecord(clock, () => "UTC");
  const logged: string[] = [];
  const api = createAdminApi({
    operations,
    live: { figures: () => ({ ...live.figures(), recorder: { queued: 3, dropped: 0, lastError: null } }) },
    access: createAccess({
      requireAdminLogin: options.requireAdminLogin ?? true,
      isApiToken: (shown) => equalSecrets(shown, API_TOKEN),
      sessions,
      clientOf,
    }),
    clock,
    logger: {
      error: (message, fields) =>
        logged.push(JSON.stringify({ message, ...fields, error: String(fields?.error) })),
    },
    sessions,
    clientOf,
    sendTestAlert: async () => null,
    keepOpen: () => undefined,
    version: "1.2.3",
    startedAtMonotonic: clock.monotonic(),
  });
  const app = new Elysia().use(api).listen({ port: 0, hostname: "127.0.0.1" });
  const server = app.server!;
  const url = `http://127.0.0.1:${server.port}`;

  return {
    ...parts,
    url,
    sessions,
    clientOf,
    live,
    logged,
    async call(method, path, body, headers = { authorization: `Bearer ${API_TOKEN}` }) {
      const answer = await fetch(`${url}/api/admin${path}`, {
        method,
        headers,
        body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
      });
      const text = await answer.text();
      const isJson = answer.headers.get("content-type")?.includes("json") === true && text !== "";
      return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : null };
    },
    async logIn() {
      const client = { address: "127.0.0.1", https: false, proxied: false };
      const result = await sessions.logIn({ password: PASSWORD, client, userAgent: "test" });
      if (!result.ok) throw new Error(result.message);
      return result.cookie.split(";", 1)[0] ?? "";
    },
    async stop(keep) {
      await app.stop(true);
      parts.close(keep);
    },
  };
}
