import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandContext, OpenFolder } from "./command.ts";

/** The data folder; for a trial run on a machine that has none, an empty one that is gone after `close`. */
export async function openForRun(context: CommandContext, isTrial: boolean): Promise<OpenFolder> {
  const config = context.config();
  if (!isTrial || existsSync(join(config.dataDir, "load-balancer.db"))) return await context.open(config);
  const scratch = mkdtempSync(join(tmpdir(), "load-balancer-trial-"));
  const remove = () => rmSync(scratch, { recursive: true, force: true });
  const folder = await context.open({ ...config, dataDir: scratch }).catch((error) => {
    remove();
    throw error;
  });
  return {
    operations: folder.operations,
    async close() {
      await folder.close();
      remove();
    },
  };
}
