import { earlierFilesIn } from "../operations/earlier/sources.ts";
import { type AddCommand, examples, JSON_OPTION } from "./command.ts";
import { migrationJson, migrationLines } from "./migration-report.ts";
import { progressOf } from "./progress.ts";
import { openForRun } from "./trial.ts";

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
      const { dataDir } = context.config();
      earlierFilesIn(from ?? dataDir);
      const folder = await openForRun(context, dryRun);
      const showProgress = progressOf(context);
      try {
        const report = await folder.operations.migration.run({
          from: from ?? dataDir,
          dryRun,
          actor: "admin",
          progress: (done, total) => showProgress(done, total, "requests"),
        });
        const lines = json ? [JSON.stringify(migrationJson(report))] : migrationLines(report);
        for (const line of lines) context.print(line);
      } finally {
        await folder.close();
      }
    });
};
