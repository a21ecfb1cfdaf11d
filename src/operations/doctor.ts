import { accessSync, constants, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { checkSecretKey, type SecretBox } from "../secrets.ts";
import type { LiveSettings, Settings } from "../settings.ts";
import type { StorageBeside } from "../storage/beside.ts";
import type { StoredKey } from "../storage/types.ts";
import type { Key, Upstream } from "../types.ts";
import { configOf } from "./key-store.ts";
import type { KeyTestResult } from "./types.ts";

/** Keys that are tested at once. */
const TESTS_AT_ONCE = 8;
const REACH_TIMEOUT_MS = 10_000;
/** Rights of others than the owner. */
const OTHERS = 0o077;

/** One line of the examination; `note`: nothing is wrong, but worth to know. */
export interface Finding {
  what: string;
  state: "ok" | "note" | "wrong";
  detail: string;
}

export interface DoctorDeps {
  dataDir: string;
  databasePath: string;
  isServing(): boolean;
  /** @throws StartError in words for people. */
  openStorage(path: string): StorageBeside;
  /** @throws StartError in words for people. */
  secretBox(): SecretBox;
  settings(stored: Record<string, unknown>): LiveSettings;
  reach(upstream: Upstream, timeoutMs: number): Promise<{ status: number } | { problem: string }>;
  probe(key: Key, secret: string, upstream: Upstream, settings: Settings): Promise<KeyTestResult>;
  close(): void;
}

/** Looks at everything that the program stands on, one finding after the other, and changes nothing. */
export async function* examine(deps: DoctorDeps): AsyncGenerator<Finding> {
  yield folderFinding(deps);
  if (process.platform !== "win32") yield* modeFindings(deps);
  let storage: StorageBeside | null = null;
  try {
    storage = deps.openStorage(deps.databasePath);
    yield databaseFinding(storage, deps);
    yield* await settingFindings(storage, deps);
    const { box, finding } = await secretKeyFinding(storage, deps);
    yield finding;
    if (box === null) return;
    const gone = new Set<string>();
    yield* upstreamFindings(await storage.upstreams.list(), deps, gone);
    yield* keyFindings(storage, box, deps, gone);
  } catch (error) {
    yield wrong("database", (error as Error).message);
  } finally {
    storage?.close();
    deps.close();
  }
}

const ok = (what: string, detail: string): Finding => ({ what, state: "ok", detail });
const note = (what: string, detail: string): Finding => ({ what, state: "note", detail });
const wrong = (what: string, detail: string): Finding => ({ what, state: "wrong", detail });

function folderFinding({ dataDir, isServing }: DoctorDeps): Finding {
  const what = "data folder";
  try {
    if (!statSync(dataDir).isDirectory()) return wrong(what, `${dataDir} is no folder: set DATA_DIR to one`);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return wrong(
      what,
      `${dataDir} cannot be used (${code}): start the server once, or set DATA_DIR to where its data is`,
    );
  }
  return ok(
    what,
    `${dataDir} can be written; ${isServing() ? "a server is running on it" : "no server is running on it"}`,
  );
}

function* modeFindings({ dataDir, databasePath }: DoctorDeps): Generator<Finding> {
  for (const path of [dataDir, databasePath, join(dataDir, "secret.key")]) {
    const found = statOf(path);
    if (found === undefined || (found.mode & OTHERS) === 0) continue;
    const mode = (found.mode & 0o777).toString(8).padStart(4, "0");
    const wanted = found.isDirectory() ? "700" : "600";
    yield wrong("rights", `${path} is open to other users (mode ${mode}): chmod ${wanted} ${path}`);
  }
}

/** Undefined where nothing is there, or nothing that this user may look at: other findings say so. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function databaseFinding(storage: StorageBeside, { databasePath }: DoctorDeps): Finding {
  const problem = storage.firstProblem();
  if (problem !== null)
    return wrong("database", `${databasePath} is damaged (${problem}): put back a backup`);
  const bytes = ["", "-wal"].map((end) => statSync(databasePath + end, { throwIfNoEntry: false })?.size ?? 0);
  const megabytes = (bytes.reduce((sum, size) => sum + size, 0) / 2 ** 20).toFixed(1);
  return ok("database", `${databasePath} is whole, ${megabytes} MiB`);
}

async function settingFindings(storage: StorageBeside, deps: DoctorDeps): Promise<Finding[]> {
  const { ignored } = deps.settings(await storage.settings.all());
  if (ignored.length === 0) return [ok("settings", "all can be used")];
  return [note("settings", `not valid any more, their defaults hold: ${ignored.join(", ")}`)];
}

async function secretKeyFinding(
  storage: StorageBeside,
  deps: DoctorDeps,
): Promise<{ box: SecretBox | null; finding: Finding }> {
  try {
    const box = deps.secretBox();
    await checkSecretKey(box, { get: storage.facts.get, set: async () => undefined });
    return { box, finding: ok("secret key", "is the one that the keys were stored with") };
  } catch (error) {
    return { box: null, finding: wrong("secret key", (error as Error).message) };
  }
}

/** @param gone takes the ids of those that cannot be reached. */
async function* upstreamFindings(
  upstreams: Upstream[],
  deps: DoctorDeps,
  gone: Set<string>,
): AsyncGenerator<Finding> {
  for (const upstream of upstreams) {
    const what = `upstream ${upstream.name}`;
    const found = await deps.reach(upstream, REACH_TIMEOUT_MS);
    if ("status" in found) {
      yield ok(what, `${upstream.baseUrl} answers`);
      continue;
    }
    gone.add(upstream.id);
    yield wrong(what, `${upstream.baseUrl} cannot be reached: ${found.problem}`);
  }
}

async function* keyFindings(
  storage: StorageBeside,
  box: SecretBox,
  deps: DoctorDeps,
  gone: ReadonlySet<string>,
): AsyncGenerator<Finding> {
  const settings = deps.settings(await storage.settings.all()).current;
  const upstreams = new Map((await storage.upstreams.list()).map((upstream) => [upstream.id, upstream]));
  const keys = await storage.keys.list();
  if (keys.length === 0) yield note("keys", "there are none yet: add some on the Keys page");
  const test = async (key: StoredKey): Promise<Finding> => {
    const what = `key ${key.name}`;
    if (!key.enabled) return note(what, "is disabled, so it was not tested");
    if (gone.has(key.upstreamId)) return note(what, "was not tested: its upstream cannot be reached");
    const upstream = upstreams.get(key.upstreamId);
    if (upstream === undefined) return wrong(what, "its upstream is gone: give it another one");
    try {
      const result = await deps.probe(configOf(key), box.open(key.sealedSecret), upstream, settings);
      return result.outcome === "ok"
        ? ok(what, result.message)
        : wrong(what, `${result.outcome}: ${result.message}`);
    } catch {
      return wrong(what, "its secret cannot be opened: put back the secret key it was stored with");
    }
  };
  for (let at = 0; at < keys.length; at += TESTS_AT_ONCE) {
    yield* await Promise.all(keys.slice(at, at + TESTS_AT_ONCE).map(test));
  }
}
