import { NotFoundError } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import type { KeyChanges } from "./key-changes.ts";
import { readKeyFields } from "./key-input.ts";
import { selectKeys } from "./key-list.ts";
import type { KeyStore } from "./key-store.ts";
import { Pace } from "./pace.ts";
import { referenceProblems, refuseProblems } from "./references.ts";
import type { Actor, BulkChange, BulkRun, KeyOperations, KeySelection } from "./types.ts";

const MAX_RUNS = 20;
/** So many ids of a bulk disable are kept to take it back. */
const MAX_UNDO_IDS = 100_000;
const GIVEN_UP = "It was stopped.";

type BulkOperations = Pick<KeyOperations, "bulk" | "bulkRuns" | "stopBulk" | "undoBulk">;
interface Kept {
  run: BulkRun;
  isStopped: boolean;
  /** What a disable switched off. */
  switched: string[];
}

/** Changes of many keys, in slices between which everything else goes on. */
export function createKeyBulk(parts: OperationsParts, store: KeyStore, changes: KeyChanges): BulkOperations {
  const { pool, inventory, clock, change: oneAtATime } = parts;
  const kept: Kept[] = [];

  function idsOf(selection: KeySelection): string[] {
    if ("filter" in selection)
      return Array.from(selectKeys(pool.glances(), selection.filter), ({ id }) => id);
    const ids = [...new Set(selection.ids)];
    if (!ids.every((id) => inventory.hasKey(id))) throw new NotFoundError("There is no such key.");
    return ids;
  }

  async function runAll(entry: Kept, ids: string[], change: BulkChange, actor: Actor): Promise<void> {
    const { run } = entry;
    const slice = (rows: number) =>
      oneAtATime(async () => {
        const began = clock.monotonic();
        const some = entry.isStopped ? [] : ids.slice(run.done, run.done + rows);
        // What another change took away meanwhile is passed over.
        const keys = some.filter((id) => inventory.hasKey(id)).map(store.find);
        const isLast = run.done + some.length >= ids.length;
        const changed = await changes.run(keys, change, actor, isLast ? "now" : "later");
        run.done += some.length;
        run.changed += changed.length;
        if (change.action === "disable" && entry.switched.length < MAX_UNDO_IDS)
          entry.switched.push(...changed);
        return { count: some.length, tookMs: clock.monotonic() - began };
      });
    try {
      await new Pace().run(slice, () => run.done >= ids.length);
      if (entry.isStopped && run.done < ids.length) run.stopped = GIVEN_UP;
    } catch (error) {
      run.stopped = error instanceof Error ? error.message : String(error);
    } finally {
      run.endedAt = clock.now();
    }
  }

  async function bulk(selection: KeySelection, given: BulkChange, actor: Actor) {
    const change = checked(given);
    const ids = idsOf(selection);
    const run: BulkRun = {
      id: clock.id(),
      action: change.action,
      total: ids.length,
      done: 0,
      changed: 0,
      startedAt: clock.now(),
      endedAt: null,
      stopped: null,
    };
    const entry: Kept = { run, isStopped: false, switched: [] };
    kept.unshift(entry);
    while (kept.length > MAX_RUNS && kept.at(-1)?.run.endedAt !== null) kept.pop();
    return { run, ended: runAll(entry, ids, change, actor) };
  }

  /** @throws InputError */
  function checked(change: BulkChange): BulkChange {
    switch (change.action) {
      case "move":
        refuseProblems(referenceProblems(inventory, change));
        return change;
      case "set_limits": {
        const { values, problems } = readKeyFields(change.limits);
        if (Object.keys(change.limits).length === 0) problems.daily_limit = "give at least one limit";
        refuseProblems(problems);
        return { ...change, limits: values };
      }
      case "add_tags":
      case "remove_tags": {
        const { values, problems } = readKeyFields({ tags: change.tags });
        if (values.tags?.length === 0) problems.tags = "give at least one tag";
        refuseProblems(problems);
        return { ...change, tags: values.tags ?? [] };
      }
      default:
        return change;
    }
  }

  return {
    bulk,
    bulkRuns: () => kept.map(({ run }) => run),
    stopBulk(id) {
      for (const entry of kept) if (entry.run.id === id) entry.isStopped = true;
    },
    async undoBulk(id, actor) {
      const entry = kept.find(({ run }) => run.id === id);
      if (entry === undefined || entry.run.action !== "disable" || entry.run.endedAt === null)
        throw new NotFoundError("That can't be taken back any more.");
      const ids = entry.switched.splice(0).filter((key) => inventory.hasKey(key));
      return bulk({ ids }, { action: "enable" }, actor);
    },
  };
}
