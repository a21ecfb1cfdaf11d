import { ConflictError, InputError, type KeyEvent } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { createEvent } from "./key-events.ts";
import { KEY_LIMITS, readKeyFields } from "./key-input.ts";
import type { KeyStore } from "./key-store.ts";
import { readKeyText } from "./key-text.ts";
import { referenceProblems, refuseProblems } from "./references.ts";
import type { ImportReport, KeyOperations } from "./types.ts";

type NewKey = Parameters<KeyStore["admit"]>[0][number];

/** Adds every good row in one transaction and says of each other why it was passed over; secrets are never shown. */
export function createKeyImport(parts: OperationsParts, store: KeyStore): KeyOperations["addMany"] {
  const { inventory, pool, clock } = parts;
  return async (text, shared, actor) => {
    const common = readKeyFields(shared);
    refuseProblems({ ...common.problems, ...referenceProblems(inventory, common.values) });

    const rows = readKeyText(text);
    const nextName = inventory.keyNames();
    const added: NewKey[] = [];
    const events: KeyEvent[] = [];
    const skipped: ImportReport["skipped"] = [];
    const rowOf = new Map<string, number>();
    for (const entry of rows) {
      const skip = (reason: string) => skipped.push({ row: entry.row, reason });
      if ("problem" in entry) {
        skip(`malformed: ${entry.problem}`);
        continue;
      }
      const { values, problems } = readKeyFields(entry.fields);
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
    if (added.length > 0) await store.admit(added, events);
    return { added: added.map(({ stored }) => store.find(stored.id)), skipped };
  };
}

export function tooManyKeys(): ConflictError {
  return new ConflictError(`There may be at most ${KEY_LIMITS.maxKeys} keys; nothing was added.`);
}
