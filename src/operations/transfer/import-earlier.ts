import type { Row } from "../../storage/table.ts";
import type { EarlierData } from "../earlier/sources.ts";
import type { ImportOptions, MigrationReport, MigrationRun, TransferReport } from "../types.ts";
import { type ImportPiece, piecesOf, refused } from "./import-file.ts";

/** The way of a migration, for data that came in a file. */
export type TakeOver = (data: EarlierData, run: MigrationRun) => Promise<MigrationReport>;

const LOGS = "data.request_logs";
const MAX_KEYS = 100_000;

/** The earlier version's full export, `{version: 1, exportedAt, data: {api_keys, settings, request_logs}}`. */
export class EarlierExport {
  readonly keys: Row[] = [];
  settings: Record<string, unknown> = {};
  #logs = 0;
  #oldest: unknown = null;

  get logs(): number {
    return this.#logs;
  }

  get oldestLog(): unknown {
    return this.#oldest;
  }

  /** @returns whether the piece is part of such an export; what is unknown in it is passed over, as there. */
  take({ path, value }: ImportPiece): boolean {
    if (path === "exportedAt") return true;
    if (!path.startsWith("data.")) return false;
    if (path === "data.api_keys") this.keys.push(value as Row);
    if (this.keys.length > MAX_KEYS) throw refused(`it has more than ${MAX_KEYS} keys`);
    if (path === "data.settings" && typeof value === "object" && value !== null && !Array.isArray(value))
      this.settings = value as Record<string, unknown>;
    if (path === LOGS) {
      this.#logs += 1;
      const { timestamp = null } = (value ?? {}) as { timestamp?: unknown };
      const isEarlier =
        typeof timestamp === "string" && (this.#oldest === null || timestamp < String(this.#oldest));
      if (isEarlier) this.#oldest = timestamp;
    }
    return true;
  }

  /** @returns the rows of its log. @throws InputError where its head is another. */
  check(head: { version?: unknown }): number {
    if (head.version === 1) return this.#logs;
    throw refused("it looks like the earlier version's full export, but does not say version 1");
  }
}

export async function importEarlier(
  takeOver: TakeOver,
  path: string,
  file: EarlierExport,
  { actor, dryRun = false, progress }: ImportOptions,
): Promise<TransferReport> {
  const data: EarlierData = {
    read: [path],
    keys: [],
    settings: { from: "the export", values: file.settings },
    notes: [],
    database: {
      keys: () => file.keys,
      profiles: () => [],
      settings: () => JSON.stringify(file.settings),
      logCount: () => file.logs,
      oldestLog: () => file.oldestLog,
      logs: () => logsOf(path),
      close: () => undefined,
    },
    close: () => undefined,
  };
  const report = await takeOver(data, {
    dryRun,
    actor,
    progress: (done, total) => progress?.({ step: "taken in", done, total, unit: "rows" }),
  });
  return reportOf(report);
}

function* logsOf(path: string): Generator<Row> {
  for (const pieces of piecesOf(path, "document")) {
    for (const piece of pieces) if (piece.path === LOGS) yield piece.value as Row;
  }
}

function reportOf({ keys, pools, settings, requests }: MigrationReport): TransferReport {
  return {
    added: {
      keys: keys.added,
      pools: pools.added.length,
      settings: settings.changed.length,
      requests: requests.added,
    },
    present: { keys: keys.present, requests: requests.present },
    skipped: [
      ...keys.skipped.map(({ what, reason }) => ({ place: what, reason })),
      ...settings.left.map(({ earlierName, reason }) => ({ place: `settings, ${earlierName}`, reason })),
      ...requests.skipped.map(({ reason, count }) => ({ place: `${count} requests`, reason })),
    ],
    skippedMore: 0,
  };
}
