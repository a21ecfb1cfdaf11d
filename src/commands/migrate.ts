import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../clock.ts";
import { type AddCommand, examples, JSON_OPTION } from "./command.ts";
import { migrationJson, migrationLines } from "./migration-report.ts";

const TELL_EVERY_MS = 1_000;

interface Options {
  from?: string;
  dryRun?: boolean;
  json?: true;
}

export const addMigrate: AddCommand = (program, context) => {
  program
    .command("migrate")
    .summary("takes over the keys, settings and logs of the earlier version")
    .description(
      "Takes over what the earlier version left in keys.json, settings.json and database.db: keys with their counters, " +
        "profiles as pools, settings, and the request log with its statistics. All or nothing; a second run adds " +
        "nothing. The files themselves are only read, also while the earlier version runs. Not while this program " +
        "serves on the same data folder: stop it first, or press the button on its dashboard.",
    )
    .option("--from <dir>", "the earlier version's data folder, or the one it stands in (default: DATA_DIR)")
    .option("--dry-run", "tell what would be done, and do nothing")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples({
        "load-balancer migrate": "takes over what lies in DATA_DIR (./data)",
        "load-balancer migrate --from ~/old-balancer --dry-run": "tells what would come of it",
        "load-balancer migrate --from ~/old-balancer": "does it",
      }),
    )
    .action(async ({ from, dryRun = false, json }: Options) => {
      const config = context.config();
      const scratch = dryRun && !existsSync(join(config.dataDir, "load-balancer.db")) ? temporary() : null;
      const folder = await context.open(scratch === null ? config : { ...config, dataDir: scratch });
      try {
        const report = await folder.operations.migration.run({
          from: from ?? config.dataDir,
          dryRun,
          actor: "admin",
          progress: slowly((line) => context.tell(line)),
        });
        const lines = json ? [JSON.stringify(migrationJson(report))] : migrationLines(report);
        for (const line of lines) context.print(line);
      } finally {
        await folder.close();
        if (scratch !== null) rmSync(scratch, { recursive: true, force: true });
      }
    });
};

/** A trial run on a machine without data leaves none behind. */
function temporary(): string {
  return mkdtempSync(join(tmpdir(), "load-balancer-migrate-"));
}

/** A line each second, so that a long run is seen to go on. */
function slowly(tell: (line: string) => void): (done: number, total: number) => void {
  let toldAt = systemClock.monotonic();
  return (done, total) => {
    const now = systemClock.monotonic();
    if (now - toldAt < TELL_EVERY_MS) return;
    toldAt = now;
    tell(`${done} of ${total} requests (${Math.floor((100 * done) / total)} %)`);
  };
}
