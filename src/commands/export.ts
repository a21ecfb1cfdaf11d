import { readFileSync } from "node:fs";
import { systemClock } from "../clock.ts";
import { exportBeside } from "../operations/transfer/beside.ts";
import { databaseIn, isInUse } from "../operations/transfer/data-folder.ts";
import { mustBeFree, writePieces } from "../operations/transfer/write-file.ts";
import type { ExportSecrets } from "../operations/types.ts";
import { StartError } from "../types.ts";
import { folderOf } from "./backup.ts";
import { type AddCommand, examples } from "./command.ts";
import { progressOf } from "./progress.ts";

interface Options {
  keys?: true;
  out?: string;
  secrets?: true;
  passphraseFile?: string;
  force?: true;
}

export const addExport: AddCommand = (program, context) => {
  program
    .command("export")
    .summary("writes all data, or the keys alone, as JSON")
    .description(
      "Writes everything as one JSON document (docs/export.schema.json): upstreams, pools, keys with their counters, " +
        "settings, statistics and the request log. Works while the server runs. Password and sessions are not in it; " +
        "the keys' secrets only with --secrets or --passphrase-file, and without them an import cannot bring keys back.",
    )
    .option("--keys", "upstreams, pools and keys alone, without settings and logs")
    .option("--out <file>", "where to (default: stdout)", "-")
    .option("--secrets", "the secrets of the keys in clear")
    .option("--passphrase-file <file>", "the secrets sealed under the passphrase in this file")
    .option("--force", "replace the file where it is there already")
    .addHelpText(
      "after",
      examples({
        "load-balancer export --passphrase-file pass.txt --out all.json": "everything, secrets sealed",
        "load-balancer export --keys --secrets | ssh other load-balancer import -":
          "the keys to another machine",
      }),
    )
    .action(async (options: Options) => {
      const secrets = secretsOf(options);
      const config = context.config();
      const target =
        options.out === "-" || options.out === undefined
          ? null
          : mustBeFree(options.out, options.force === true);
      databaseIn(config.dataDir);
      const lists = options.keys === true ? "keys" : "all";
      const showProgress = progressOf(context);
      const progress = (done: number, total: number) => showProgress(done, total, "requests");
      const folder = isInUse(config.dataDir) ? null : await context.open(config);
      try {
        const pieces =
          folder === null
            ? await exportBeside(folderOf(context), systemClock, { secrets, lists, progress })
            : await folder.operations.transfer.exportAll({ secrets, lists, actor: "admin", progress });
        if (target === null) for await (const piece of pieces) await context.write(piece);
        else context.print(`${target}: ${((await writePieces(pieces, target)) / 2 ** 20).toFixed(1)} MiB`);
      } finally {
        await folder?.close();
      }
      if (secrets === "none")
        context.tell("Without the secrets of the keys: --passphrase-file FILE or --secrets puts them in.");
    });
};

function secretsOf({ secrets, passphraseFile }: Options): ExportSecrets {
  if (passphraseFile === undefined) return secrets === true ? "plain" : "none";
  if (secrets === true) throw new StartError("Give either --secrets or --passphrase-file, not both.");
  return { passphrase: readPassphrase(passphraseFile) };
}

/** The first line of a file; in the arguments every user of the machine could see it. */
export function readPassphrase(file: string): string {
  try {
    return readFileSync(file, "utf8").split(/\r?\n/, 1)[0] ?? "";
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StartError(
      `${file} cannot be read (${code ?? message}): name a file that holds the passphrase.`,
    );
  }
}
