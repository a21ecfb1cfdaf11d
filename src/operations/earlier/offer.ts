import { dirname } from "node:path";
import type { OperationsParts } from "../deps.ts";
import type { MigrationOffer, MigrationOperations } from "../types.ts";
import { findEarlierFiles, readEarlierData } from "./sources.ts";

/** Looks for files of the earlier version beside an empty database, in the data folder and the one around it. */
export function createMigrationOffer(parts: OperationsParts): Pick<MigrationOperations, "look" | "offer"> {
  let found: MigrationOffer | null = null;
  return {
    async look() {
      if (parts.inventory.keyCount() > 0) return null;
      for (const dir of [parts.dataDir, dirname(parts.dataDir)]) {
        const files = findEarlierFiles(dir);
        // A settings.json alone may be anybody's.
        if (files === null || (files.database === null && files.keys === null)) continue;
        const data = await readEarlierData(files, parts.dataDir);
        try {
          const keys = data.keys.length + (data.database?.keys().length ?? 0);
          const requests = data.database?.logCount() ?? 0;
          if (keys + requests > 0) found = { folder: files.folder, keys, requests };
        } finally {
          data.close();
        }
        break;
      }
      return found;
    },
    offer: () => (parts.inventory.keyCount() === 0 ? found : null),
  };
}
