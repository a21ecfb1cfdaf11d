import { afterEach, beforeEach } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { newKeyState } from "../../src/pool/entry.ts";
import { openStorage } from "../../src/storage/storage.ts";
import type { LogPage, LogQuery, Storage, StoredKey } from "../../src/storage/types.ts";
import type { AttemptRecord, KeyEvent, KeyState, Pool, RequestRecord, Upstream } from "../../src/types.ts";

/** Text that must come back as it went in. */
export const HOSTILE =
  'Robert\'); DROP TABLE keys;-- "x" `y` <script>alert(1)</script> =1+1 %_\\ \n\r\t\u0000 \u202e 𝕏 👩‍👩‍👧 ß';

export interface Folder {
  path: string;
  database: string;
  remove(): void;
}

export function tempFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "lb-storage-"));
  return {
    path,
    database: join(path, "load-balancer.db"),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

export function open(folder: Folder): Promise<Storage> {
  return openStorage({ path: folder.database, clock: systemClock });
}

/** Gives each test of a file a folder and a storage of its own. */
export function withFreshStorage(take: (fresh: { folder: Folder; storage: Storage }) => void): void {
  let folder: Folder;
  let storage: Storage;
  beforeEach(async () => {
    folder = tempFolder();
    storage = await open(folder);
    take({ folder, storage });
  });
  afterEach(() => {
    storage.close();
    folder.remove();
  });
}

/** Takes all that waits into the log's indexes. */
export async function indexAll(storage: Storage): Promise<void> {
  while (!(await storage.maintenance.upkeep()).isDone);
}

/** Turns the pages of the log of requests to its end. */
export async function allIds(
  storage: Storage,
  query: Partial<LogQuery>,
): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page: LogPage<RequestRecord> = await storage.requestLogs.list(aQuery({ ...query, cursor }));
    ids.push(...page.data.map((request) => request.id));
    cursor = page.nextCursor;
    pages++;
  } while (cursor !== null);
  return { ids, pages };
}

export function anUpstream(changes: Partial<Upstream> = {}): Upstream {
  return {
    id: "u1",
    name: "Default",
    baseUrl: "http://127.0.0.1:9/v1",
    authStyle: "bearer",
    isDefault: true,
    createdAt: 1000,
    ...changes,
  };
}

export function aPool(changes: Partial<Pool> = {}): Pool {
  return {
    id: "p1",
    name: "Main",
    description: "",
    color: "#3366cc",
    icon: "key",
    strategy: null,
    createdAt: 1000,
    ...changes,
  };
}

export function aKey(changes: Partial<StoredKey> = {}): StoredKey {
  const id = changes.id ?? "k1";
  return {
    id,
    name: `Key ${id}`,
    maskedSecret: "AIza…x7Qk",
    poolId: null,
    upstreamId: "u1",
    tags: [],
    weight: 1,
    priority: 0,
    enabled: true,
    dailyLimit: null,
    rpmLimit: null,
    tpmLimit: null,
    maxConcurrency: null,
    createdAt: 1000,
    sealedSecret: Uint8Array.of(1, 2, 3),
    fingerprint: `fingerprint of ${id}`,
    ...changes,
  };
}

export function aState(changes: Partial<KeyState> = {}): KeyState {
  return { ...newKeyState("k1"), dailyDay: "2026-11-24", ...changes };
}

export function anAttempt(changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    keyId: "k1",
    upstreamId: "u1",
    startedAt: 1000,
    waitMs: 0,
    durationMs: 40,
    status: 200,
    outcome: "ok",
    chosenBecause: "round_robin",
    error: null,
    ...changes,
  };
}

export function aRequest(changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: systemClock.id(),
    startedAt: 1000,
    endpoint: "/chat/completions",
    model: "gpt-4o-mini",
    servedModel: "gpt-4o-mini",
    stream: false,
    poolId: null,
    clientAddress: "127.0.0.1",
    userAgent: "OpenAI/JS",
    status: 200,
    outcome: "ok",
    ttftMs: 20,
    durationMs: 40,
    inputTokens: 10,
    outputTokens: 20,
    cachedTokens: null,
    reasoningTokens: null,
    usageSource: "upstream",
    costUsd: null,
    requestBytes: 600,
    responseBytes: 700,
    error: null,
    attempts: [anAttempt()],
    ...changes,
  };
}

export function anEvent(changes: Partial<KeyEvent> = {}): KeyEvent {
  return {
    id: systemClock.id(),
    at: 1000,
    event: "added",
    keyId: "k1",
    keyName: "Key k1",
    detail: "",
    actor: "admin",
    ...changes,
  };
}

export function aQuery(changes: Partial<LogQuery> = {}): LogQuery {
  return { kind: "request", limit: 100, cursor: null, ...changes };
}

export function batchOf(requests: RequestRecord[], keyStates: KeyState[] = []) {
  return { requests, keyStates, keyEvents: [], rotations: [] };
}
