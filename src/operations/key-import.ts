import { ConflictError, InputError, type KeyEvent } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { createEvent } from "./key-events.ts";
import { KEY_LIMITS, readKeyFields } from "./key-input.ts";
import type { KeyStore } from "./key-store.ts";
import { readKeyText } from "./key-text.ts";
import { Pace } from "./pace.ts";
import { referenceProblems, refuseProblems } from "./references.ts";
import type { ImportReport, KeyOperations } from "./types.ts";

type NewKey = Parameters<KeyStore["admit"]>[0][number];

/** So long rows are read in one go; then requests are served. */
const READ_FOR_MS = 8;

/**
 * Adds every good row and says of each other why it was passed over; secrets are never shown. Sealing and writing
 * thousands goes in slices of a few ms; where it is cut off, what was added stays, and the same text adds the rest.
 */
export function createKeyImport(
  parts: OperationsParts,
  store: KeyStore,
): Pick<KeyOperations, "addMany" | "checkMany"> {
  const { inventory, pool, clock } = parts;

  async function read(...[text, shared, actor]: Parameters<KeyOperations["addMany"]>) {
    const common = readKeyFields(shared);
    refuseProblems({ ...common.problems, ...referenceProblems(inventory, common.values) });

    const rows = readKeyText(text);
    const poolNamed = byName(inventory.pools);
    const upstreamNamed = byName(inventory.upstreams);
    const nextName = inventory.keyNames();
    const added: NewKey[] = [];
    const events: KeyEvent[] = [];
    const skipped: ImportReport["skipped"] = [];
    const rowOf = new Map<string, number>();
    let restedAt = clock.monotonic();
    for (const entry of rows) {
      if (clock.monotonic() - restedAt > READ_FOR_MS) {
        await Bun.sleep(0);
        restedAt = clock.monotonic();
      }
      const skip = (reason: string) => skipped.push({ row: entry.row, reason });
      if ("problem" in entry) {
        skip(`malformed: ${entry.problem}`);
        continue;
      }
      const { values, problems } = readKeyFields(entry.fields);
      if (values.poolId != null) values.poolId = poolNamed(values.poolId);
      if (values.upstreamId !== undefined) values.upstreamId = upstreamNamed(values.upstreamId);
      const wrong = Object.entries({ ...problems, ...referenceProblems(inventory, values) });
      if (wrong.length > 0 || values.secret === undefined) {
        skip(`malformed: ${wrong.map(([field, problem]) => `${field}: ${problem}`).join("; ")}`);
        continue;
      }
      const upstreamId = values.upstreamId ?? common.values.upstreamId ?? inventory.defaultUpstream().id;
      const fingerprint = parts.secretBox.fingerprint(values.secret);
      const holder = inventory.holderOf(upstreamId, fingerprint);
      const place = `${upstreamId} ${fingerprint}`;
      const earlier = rowOf.get(place);
      if (holder !== null) {
        skip(`duplicate of ${pool.view(holder)?.name ?? "another key"}`);
      } else if (earlier !== undefined) {
        skip(`twice in this text (row ${earlier})`);
      } else {
        const key = store.build({ ...common.values, ...values, secret: values.secret, upstreamId }, nextName);
        rowOf.set(place, entry.row);
        added.push(key);
        events.push(createEvent(clock, actor, "added", `imported, row ${entry.row}`, key.stored));
      }
    }
    if (rows.length === 0)
      throw new InputError("There is no key in the text.", { text: "give one key a line" });
    if (inventory.keyCount() + added.length > KEY_LIMITS.maxKeys) throw tooManyKeys();
    return { added, events, skipped };
  }

  async function addMany(...given: Parameters<KeyOperations["addMany"]>): Promise<ImportReport> {
    const { added, events, skipped } = await read(...given);
    let done = 0;
    const admitSome = async (wanted: number) => {
      const began = clock.monotonic();
      const slice = added.slice(done, done + wanted);
      if (slice.length === 0) return { count: 0, tookMs: 0 };
      const isLast = done + slice.length >= added.length;
      await store.admit(slice, events.slice(done, done + slice.length), isLast ? "now" : "later");
      done += slice.length;
      return { count: slice.length, tookMs: clock.monotonic() - began };
    };
    await new Pace().run(admitSome, () => done >= added.length);
    return { added: added.map(({ stored }) => store.find(stored.id)), skipped };
  }

  return {
    addMany,
    async checkMany(text, shared) {
      const { added, skipped } = await read(text, shared, "admin");
      return { addable: added.length, skipped };
    },
  };
}

/** In a text that people write, a pool or an upstream may be called by its name: answers the id, or what was given. */
function byName(all: ReadonlyMap<string, { id: string; name: string }>): (given: string) => string {
  const ids = new Map([...all.values()].map(({ id, name }) => [name.toLowerCase(), id]));
  return (given) => (all.has(given) ? given : (ids.get(given.toLowerCase()) ?? given));
}

export function tooManyKeys(): ConflictError {
  return new ConflictError(`There may be at most ${KEY_LIMITS.maxKeys} keys; nothing was added.`);
}
