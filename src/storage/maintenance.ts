import type { Reader } from "./reader.ts";
import type { Turns } from "./turns.ts";
import type { Maintenance } from "./types.ts";

/** What writes takes turns with the batches; what only reads, and the checkpoint, waits for nobody. */
export function createMaintenance(reader: Reader, turns: Turns): Maintenance {
  return {
    async upkeep() {
      const texts = await turns.take(() => reader.call("indexTexts"));
      const values = await turns.take(() => reader.call("indexValues"));
      const isDone = texts.isDone && values.isDone;
      if (isDone) await reader.call("checkpoint");
      return { isDone };
    },
    deleteRequests: (before, rows) => turns.take(() => reader.call("deleteRequests", before, rows)),
    deleteKeyEvents: (before, rows) => turns.take(() => reader.call("deleteKeyEvents", before, rows)),
    giveBackPages: (pages) => turns.take(() => reader.call("giveBackPages", pages)),
    facts: () => reader.call("readFacts"),
    countRequests: (before) => reader.call("countRequests", before),
    archiveChunk: (folder, from, before) => reader.call("archiveChunk", folder, from, before),
  };
}
