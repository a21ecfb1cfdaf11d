import { createReadStream, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { holdsSecretKey } from "../../storage/backup.ts";
import { ConflictError, NotFoundError } from "../../types.ts";
import type { OperationsParts } from "../deps.ts";
import { createEvent } from "../key-events.ts";
import type { KeyOperations, TransferOperations } from "../types.ts";
import { backupName, copyTo, listBackups, makeBackupFolder, pruneBackups } from "./backup.ts";
import { exportData } from "./export.ts";
import { createImport } from "./import.ts";
import type { TakeOver } from "./import-earlier.ts";
import { spool } from "./spool.ts";

/** A download that was broken off by the death of the process leaves its file; nobody takes a day to load one. */
const LEFT_OVER_MS = 86_400_000;
const DOWNLOAD = /^download-.*\.db$/;

/** The whole installation out and in again, while it runs. */
export function createTransferOperations(
  parts: OperationsParts,
  fold: () => Promise<void>,
  keys: Pick<KeyOperations, "addMany" | "checkMany">,
  migration: { takeOver: TakeOver },
): TransferOperations {
  const { storage, secretBox, clock, settings, dataDir } = parts;
  const folder = join(dataDir, "backups");
  const importFile = createImport(parts, keys, migration.takeOver);
  let isBackingUp = false;

  function clearLeftOvers(): void {
    for (const name of readdirSync(folder).filter((entry) => DOWNLOAD.test(entry))) {
      const path = join(folder, name);
      const isOld = statSync(path).mtimeMs < clock.now() - LEFT_OVER_MS;
      if (isOld) rmSync(path, { force: true });
    }
  }

  async function copyInto(name: string): Promise<string> {
    makeBackupFolder(folder);
    clearLeftOvers();
    const path = join(folder, name);
    const reader = storage.openDataReader();
    try {
      await copyTo(reader, path);
    } finally {
      await reader.close();
    }
    return path;
  }

  return {
    async exportAll({ actor, ...options }) {
      const { secrets } = options;
      await fold();
      const reader = storage.openDataReader();
      try {
        const pieces = await exportData({ reader, secretBox, clock }, options);
        if (secrets !== "none") {
          const how = secrets === "plain" ? "in clear" : "under a passphrase";
          await storage.keyEvents.insert(createEvent(clock, actor, "exported", `all keys, secrets ${how}`));
        }
        return endingWith(pieces, () => reader.close());
      } catch (error) {
        await reader.close();
        throw error;
      }
    },
    importFile,
    async importStream(chunks, options) {
      using given = await spool(chunks, dataDir, clock.id());
      return await importFile(given.path, options);
    },
    async backUp() {
      if (isBackingUp) throw new ConflictError("A backup is being written already: wait for it.");
      isBackingUp = true;
      try {
        const name = backupName(clock.now());
        const path = await copyInto(name);
        pruneBackups(folder, settings.current.backupKeep);
        return { name, at: clock.now(), sizeBytes: statSync(path).size };
      } finally {
        isBackingUp = false;
      }
    },
    backups: () => listBackups(folder),
    async keptBackup(name) {
      const kept = listBackups(folder).find((backup) => backup.name === name);
      if (kept === undefined) throw new NotFoundError("There is no such backup (any more).");
      const path = join(folder, name);
      if (holdsSecretKey(path)) {
        const text = "holds the secret key too, which never leaves by a page: take it from the folder";
        throw new ConflictError(`${name} ${text} ${folder}.`);
      }
      return { name, sizeBytes: kept.sizeBytes, bytes: sent(path, async () => {}) };
    },
    async backupFile() {
      const name = backupName(clock.now());
      const path = await copyInto(`download-${clock.id()}.db`);
      const sizeBytes = statSync(path).size;
      return { name, sizeBytes, bytes: sent(path, async () => rmSync(path, { force: true })) };
    },
  };
}

/** The file's bytes as they are read, and `after` however that ends. */
function sent(path: string, after: () => Promise<void>): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  return endingWith(file as AsyncIterable<Uint8Array>, async () => {
    file.destroy();
    await after();
  });
}

/** The same, and `after` however it ends; also where nobody reads it to the end. */
async function* endingWith<Item>(
  items: AsyncIterable<Item>,
  after: () => Promise<void>,
): AsyncGenerator<Item> {
  try {
    yield* items;
  } finally {
    await after();
  }
}
