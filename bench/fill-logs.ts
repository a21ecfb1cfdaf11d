/**
 * `bun bench/fill-logs.ts DATA_DIR ROWS [DAYS]`: fills a log with requests of the last days, evenly over time, as many
 * keys and models as a busy installation has, one in twenty failed. For measuring pages and searches on a long history.
 */
import { join } from "node:path";
import { systemClock } from "../src/clock.ts";
import { openStorage, prepareDataFolder } from "../src/storage/storage.ts";
import type { AttemptRecord, RequestRecord } from "../src/types.ts";

const DAY_MS = 86_400_000;
const BATCH_ROWS = 2_000;
const KEYS = 50;
const MODELS = 20;
const FAILED_ONE_IN = 20;
const FAILOVER_ONE_IN = 10;
const BATCHES_A_FOLD = 20;
const MESSAGES = [
  "Quota exceeded for requests per minute",
  "The model is overloaded, try again later",
  "Internal error encountered",
  "Connection reset by the upstream",
];

export interface FillOptions {
  dataDir: string;
  rows: number;
  days: number;
  /** Epoch ms of the newest row. */
  until: number;
}

/** The keys' ids are `key-0` to `key-49`, models `model-0` to `model-19`; one row's message holds the word `needle`. */
export async function fillLogs({ dataDir, rows, days, until }: FillOptions): Promise<void> {
  prepareDataFolder(dataDir);
  const storage = await openStorage({ path: join(dataDir, "load-balancer.db"), clock: systemClock });
  const from = until - days * DAY_MS;
  const fold = () => storage.rollups.fold((ms) => Math.floor(ms / DAY_MS) * DAY_MS);
  let batches = 0;
  for (let first = 0; first < rows; first += BATCH_ROWS) {
    const count = Math.min(BATCH_ROWS, rows - first);
    const requests = Array.from({ length: count }, (_, index) => {
      const row = first + index;
      return aRequest(row, Math.floor(from + (row / rows) * days * DAY_MS), row === Math.floor(rows / 3));
    });
    await storage.writeBatch({ requests, keyStates: [], keyEvents: [], rotations: [] });
    batches += 1;
    if (batches % BATCHES_A_FOLD === 0) {
      await fold();
      while (!(await storage.maintenance.upkeep()).isDone);
    }
  }
  await fold();
  while (!(await storage.maintenance.upkeep()).isDone);
  storage.close();
}

function aRequest(row: number, startedAt: number, isNeedle: boolean): RequestRecord {
  const isFailed = isNeedle || row % FAILED_ONE_IN === 0;
  const message = `${MESSAGES[row % MESSAGES.length]} (${row % 1_000})${isNeedle ? " needle" : ""}`;
  const model = `model-${(row * 7) % MODELS}`;
  const last = anAttempt(row, startedAt, isFailed ? message : null);
  const attempts = row % FAILOVER_ONE_IN === 1 ? [anAttempt(row + 17, startedAt, message), last] : [last];
  return {
    id: systemClock.id(),
    startedAt,
    endpoint: "/chat/completions",
    model,
    servedModel: model,
    stream: row % 2 === 0,
    poolId: null,
    clientAddress: "127.0.0.1",
    userAgent: "OpenAI/JS 7.57.0",
    status: isFailed ? 429 : 200,
    outcome: isFailed ? "rate_limited" : "ok",
    ttftMs: isFailed ? null : 200 + (row % 800),
    durationMs: 500 + (row % 4_000),
    inputTokens: isFailed ? null : 400 + (row % 2_000),
    outputTokens: isFailed ? null : 50 + (row % 300),
    cachedTokens: null,
    reasoningTokens: null,
    usageSource: isFailed ? "none" : "upstream",
    costUsd: isFailed ? null : 0.001,
    requestBytes: 2_400,
    responseBytes: 1_800,
    error: isFailed ? message : null,
    attempts,
  };
}

function anAttempt(row: number, startedAt: number, error: string | null): AttemptRecord {
  return {
    keyId: `key-${(row * 31) % KEYS}`,
    upstreamId: "upstream-0",
    startedAt,
    waitMs: 0,
    durationMs: 500,
    status: error === null ? 200 : 429,
    outcome: error === null ? "ok" : "rate_limited",
    chosenBecause: "next in round robin",
    error,
  };
}

if (import.meta.main) {
  const [dataDir, rows, days = "30"] = process.argv.slice(2);
  if (dataDir === undefined || rows === undefined) {
    console.error("usage: bun bench/fill-logs.ts DATA_DIR ROWS [DAYS]");
    process.exit(2);
  }
  const started = systemClock.monotonic();
  await fillLogs({ dataDir, rows: Number(rows), days: Number(days), until: systemClock.now() });
  console.log(`${rows} rows in ${((systemClock.monotonic() - started) / 1_000).toFixed(1)} s`);
}
