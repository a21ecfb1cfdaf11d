import type { LogBound, Maintenance, Slice } from "../storage/types.ts";
import { ConflictError, InputError } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { createEvent } from "./key-events.ts";
import { Pace } from "./pace.ts";
import type {
  Actor,
  CleanupInput,
  CleanupOperations,
  CleanupReport,
  CleanupResult,
  CleanupState,
} from "./types.ts";

const DAY_MS = 86_400_000;
const MB = 2 ** 20;
export const CLEANUP_DAYS = { min: 0, max: 36_500 } as const;
/** When the bound is reached, so much is freed that the next batches don't reach it again. */
const KEPT_SHARE = 0.9;
/** At night the file keeps so many free pages for new rows; asked for by hand, it gives all back. */
const KEPT_FREE_SHARE = 0.1;
/** Between two looks at the size. */
const SLICES_A_LOOK = 20;
const PAGE_BYTES = 4_096;
/** One round of upkeep; what is left is done in the next. */
const UPKEEP_STEPS = 50;

type Parts = Pick<OperationsParts, "storage" | "settings" | "clock" | "archiveDir">;

/** Keeps the log in bounds by age and by size, in slices that no stream feels. One cleanup at a time. */
export function createCleanupOperations(parts: Parts): CleanupOperations {
  const { storage, settings, clock, archiveDir } = parts;
  const { maintenance } = storage;
  let running: CleanupState["running"] = null;
  let last: CleanupState["last"] = null;

  async function exclusively(work: () => Promise<CleanupResult>): Promise<CleanupResult> {
    refuseSecond();
    running = { startedAt: clock.now(), deletedRequests: 0, ofRequests: 0 };
    try {
      return await work();
    } finally {
      running = null;
    }
  }

  function refuseSecond(): void {
    if (running !== null) throw new ConflictError("A cleanup is running already.");
  }

  async function deleteSlice(bound: LogBound, rows: number): Promise<Slice> {
    const slice = await maintenance.deleteRequests(bound, rows);
    if (running !== null) running.deletedRequests += slice.count;
    return slice;
  }

  async function byHand({ olderThanDays, archive }: CleanupInput, actor: Actor): Promise<CleanupResult> {
    const before = cutOf(olderThanDays);
    const ofRequests = await maintenance.countRequests(before);
    if (running !== null) running.ofRequests = ofRequests;
    const result = await clean(before, null, archive, 0);
    const detail = `${result.deletedRequests} requests and ${result.deletedKeyEvents} key events older than ${olderThanDays} days deleted${archive ? ", requests archived" : ""}`;
    await storage.keyEvents.insert(createEvent(clock, actor, "logs_cleaned", detail));
    return result;
  }

  /** Deletes requests before a time, oldest first, archived before where asked, until `isEnough`. */
  async function sweep(before: number, archive: boolean, isEnough?: () => Promise<boolean>) {
    const pace = new Pace();
    if (!archive) {
      const work = (rows: number) => deleteSlice({ at: before }, rows);
      return { deleted: await pace.run(work, nowAndThen(isEnough)), files: [], archived: 0 };
    }
    const files = new Set<string>();
    let deleted = 0;
    let archived = 0;
    for (let enough = false; !enough; enough = (await isEnough?.()) ?? false) {
      const chunk = await maintenance.archiveChunk(archiveDir, 0, before);
      if (chunk === null) break;
      files.add(chunk.file);
      archived += chunk.rows;
      // To its end, whatever the size says: what is archived must not stay to be archived again.
      deleted += await pace.run((rows) => deleteSlice({ place: chunk.next }, rows));
    }
    return { deleted, files: [...files], archived };
  }

  async function clean(
    before: number | null,
    maxBytes: number | null,
    archive: boolean,
    keptFreeShare: number,
  ): Promise<CleanupResult> {
    const started = clock.monotonic();
    const sizeBefore = (await maintenance.facts()).sizeBytes;
    const result = { deletedRequests: 0, deletedKeyEvents: 0, archivedRequests: 0 };
    const files = new Set<string>();
    const add = (part: { deleted: number; files: string[]; archived: number }) => {
      result.deletedRequests += part.deleted;
      result.archivedRequests += part.archived;
      for (const file of part.files) files.add(file);
    };
    if (before !== null) {
      add(await sweep(before, archive));
      const pace = new Pace();
      result.deletedKeyEvents = await pace.run((rows) => maintenance.deleteKeyEvents(before, rows));
    }
    if (maxBytes !== null && (await usedBytes(maintenance)) > maxBytes) {
      const isEnough = async () => (await usedBytes(maintenance)) <= maxBytes * KEPT_SHARE;
      add(await sweep(clock.now(), archive, isEnough));
    }
    await giveBack(maintenance, keptFreeShare);
    return {
      ...result,
      archiveFiles: [...files],
      freedBytes: Math.max(0, sizeBefore - (await maintenance.facts()).sizeBytes),
      durationMs: Math.round(clock.monotonic() - started),
    };
  }

  const cutOf = (days: number) => clock.now() - days * DAY_MS;
  const maxBytes = () => (settings.current.logMaxSizeMb === 0 ? null : settings.current.logMaxSizeMb * MB);

  return {
    run(input, actor) {
      refuseDays(input.olderThanDays);
      return exclusively(() => byHand(input, actor));
    },
    start(input, actor) {
      refuseDays(input.olderThanDays);
      refuseSecond();
      const ended = (result: CleanupResult | null, problem: string | null) => {
        last = { endedAt: clock.now(), result, problem };
      };
      exclusively(() => byHand(input, actor)).then(
        (result) => ended(result, null),
        (error: Error) => ended(null, error.message),
      );
    },
    state: () => ({ running: running === null ? null : { ...running }, last }),
    keepInBounds: () =>
      exclusively(() => {
        const { logRetentionDays, archiveBeforeDelete } = settings.current;
        const before = logRetentionDays === 0 ? null : cutOf(logRetentionDays);
        return clean(before, maxBytes(), archiveBeforeDelete, KEPT_FREE_SHARE);
      }),
    async isTooLarge() {
      const max = maxBytes();
      return max !== null && running === null && (await usedBytes(maintenance)) > max;
    },
    async upkeep() {
      for (let step = 0; step < UPKEEP_STEPS; step++) {
        if ((await maintenance.upkeep()).isDone) return;
      }
    },
    async report(olderThanDays): Promise<CleanupReport> {
      refuseDays(olderThanDays);
      const facts = await maintenance.facts();
      const all = await maintenance.countRequests(clock.now() + DAY_MS);
      const old = await maintenance.countRequests(cutOf(olderThanDays));
      const used = facts.sizeBytes - facts.freeBytes;
      return {
        ...facts,
        requests: all,
        deletableRequests: old,
        freeableBytes: all === 0 ? 0 : Math.round((used * Math.min(old, all)) / all),
      };
    },
  };
}

function refuseDays(days: number): void {
  const { min, max } = CLEANUP_DAYS;
  if (Number.isInteger(days) && days >= min && days <= max) return;
  const problem = `give a whole number from ${min} to ${max}`;
  throw new InputError("Check older_than_days.", { older_than_days: problem });
}

async function usedBytes(maintenance: Maintenance): Promise<number> {
  const { sizeBytes, freeBytes } = await maintenance.facts();
  return sizeBytes - freeBytes;
}

async function giveBack(maintenance: Maintenance, keptShare: number): Promise<void> {
  const { sizeBytes, freeBytes } = await maintenance.facts();
  if (freeBytes <= sizeBytes * keptShare) return;
  const pages = Math.floor((freeBytes - sizeBytes * keptShare) / PAGE_BYTES);
  await new Pace().run(
    (rows) => maintenance.giveBackPages(rows),
    (done) => done >= pages,
  );
}

/** Asking after each slice would take as long as the slice. */
function nowAndThen(isEnough: (() => Promise<boolean>) | undefined): () => Promise<boolean> {
  let slices = 0;
  return async () => {
    slices += 1;
    return isEnough !== undefined && slices % SLICES_A_LOOK === 0 && (await isEnough());
  };
}
