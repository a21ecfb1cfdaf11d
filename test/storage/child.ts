import { systemClock } from "../../src/clock.ts";
import { lockDataFolder, openStorage } from "../../src/storage/storage.ts";
import { aKey, anUpstream, aRequest, aState, batchOf } from "./builders.ts";

/** A second process for the tests: `lock FOLDER` holds the lock, `write FOLDER` writes until it is killed. */
const jobs: Record<string, (folder: string) => Promise<void>> = {
  async lock(folder) {
    lockDataFolder(folder);
    console.log("locked");
    await Bun.sleep(60_000);
  },

  /** Says after each change which one is acknowledged. */
  async write(folder) {
    const storage = await openStorage({ path: `${folder}/load-balancer.db`, clock: systemClock });
    if ((await storage.upstreams.list()).length === 0) await storage.upstreams.insert(anUpstream());
    const run = systemClock.id();
    for (let number = 1; ; number++) {
      const id = `${run}.${number}`;
      await storage.keys.insert([aKey({ id })], []);
      await storage.settings.write({ last: id }, null);
      await storage.writeBatch(
        batchOf(
          Array.from({ length: 20 }, (_, index) => aRequest({ id: `${id}.${index}` })),
          [aState({ keyId: id })],
        ),
      );
      await Bun.write(Bun.stdout, `${id}\n`);
    }
  },
};

const [job = "", folder = ""] = process.argv.slice(2);
await jobs[job]!(folder);
