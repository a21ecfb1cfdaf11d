import { tmpdir } from "node:os";
import { systemClock } from "../clock.ts";
import { mustBeReadable, spool } from "../operations/transfer/spool.ts";
import type { TransferReport } from "../operations/types.ts";
import { type AddCommand, examples, JSON_OPTION } from "./command.ts";
import { readPassphrase } from "./export.ts";
import { progressOf } from "./progress.ts";
import { openForRun } from "./trial.ts";

interface Options {
  passphraseFile?: string;
  dryRun?: boolean;
  json?: true;
}

export const addImport: AddCommand = (program, context) => {
  program
    .command("import")
    .summary("takes in an export, an archive of the log, or keys in any form")
    .description(
      "Takes in what `export` wrote, all of it or nothing; a file of the log's archive; or keys: a JSON array, or text " +
        "with one key a line, or CSV with a heading. Packed by gzip or zstd too. Only adds: what is here already stays and is told of; a " +
        "second run adds nothing. Not while the server runs: stop it first, or use the Settings page.",
    )
    .argument("<file>", "what to take in; - is stdin")
    .option("--passphrase-file <file>", "the file that holds the passphrase of an export with sealed secrets")
    .option("--dry-run", "check everything, tell what would be done, and do nothing")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples({
        "load-balancer import all.json --passphrase-file pass.txt": "a whole installation",
        "load-balancer import data/archive/requests-2026-11-04.jsonl.zst":
          "a day of the log back into it; the statistics, which have it, stay",
        "cat keys.txt | load-balancer import -": "keys, one a line",
      }),
    )
    .action(async (file: string, { passphraseFile, dryRun = false, json }: Options) => {
      const passphrase = passphraseFile === undefined ? undefined : readPassphrase(passphraseFile);
      if (file !== "-") mustBeReadable(file);
      const folder = await openForRun(context, dryRun);
      const showProgress = progressOf(context);
      try {
        using given = file === "-" ? await spool(context.input(), tmpdir(), systemClock.id()) : null;
        const report = await folder.operations.transfer.importFile(given?.path ?? file, {
          passphrase,
          dryRun,
          actor: "admin",
          progress: ({ done, total, unit, step }) => showProgress(done, total, unit, step),
        });
        for (const line of json ? [JSON.stringify(reportJson(report))] : reportLines(report, dryRun))
          context.print(line);
      } finally {
        await folder.close();
      }
    });
};

function reportJson({ added, present, skipped, skippedMore }: TransferReport) {
  return { added, present, skipped, skipped_more: skippedMore };
}

function reportLines({ added, present, skipped, skippedMore }: TransferReport, dryRun: boolean): string[] {
  const counted = Object.entries(added).filter(([, count]) => count > 0);
  const what = counted.map(([list, count]) => counting(count, list)).join(", ");
  const lines = [`${dryRun ? "Would add" : "Added"}: ${what === "" ? "nothing" : what}.`];
  for (const [list, count] of Object.entries(present))
    if (count > 0) lines.push(`Here already: ${counting(count, list)}.`);
  for (const { place, reason } of skipped) lines.push(`Left aside: ${place}: ${reason}.`);
  if (skippedMore > 0) lines.push(`Left aside: ${skippedMore} more.`);
  return lines;
}

/** @param list a noun of several: "keys". */
function counting(count: number, list: string): string {
  const words = list.replaceAll("_", " ");
  return `${count.toLocaleString("en")} ${count === 1 ? words.replace(/s$/, "") : words}`;
}
