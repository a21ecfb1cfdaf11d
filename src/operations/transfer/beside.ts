import type { Clock } from "../../clock.ts";
import { loadSecretKey } from "../../secrets.ts";
import { mustBeThisSchema } from "../../storage/backup.ts";
import { openDataReader } from "../../storage/data-reader.ts";
import type { ExportOptions } from "../types.ts";
import { type DataFolder, databaseIn } from "./data-folder.ts";
import { exportData } from "./export.ts";

/** The export of an installation that another process serves. Statistics of the last ten seconds are not in it. */
export async function exportBeside(
  { dataDir, encryptionKey }: DataFolder,
  clock: Clock,
  options: ExportOptions,
): Promise<AsyncGenerator<string>> {
  const path = databaseIn(dataDir);
  mustBeThisSchema(path);
  const secretBox = loadSecretKey(dataDir, encryptionKey, true);
  const reader = openDataReader(path);
  const pieces = await exportData({ reader, secretBox, clock }, options).catch(async (error) => {
    await reader.close();
    throw error;
  });
  async function* closing() {
    try {
      yield* pieces;
    } finally {
      await reader.close();
    }
  }
  return closing();
}
