import { backUp } from "../operations/transfer/backup.ts";
import { type AddCommand, examples, JSON_OPTION } from "./command.ts";

const WITHOUT_KEY =
  "The secret key is not in it: keep DATA_DIR/secret.key (or ENCRYPTION_KEY) in another safe place. Without it the " +
  "upstream keys in the backup cannot be read by anyone.";
const WITH_KEY =
  "The secret key is in it: whoever has this file can read every upstream key. Keep it as safe as those.";

interface Options {
  withSecretKey?: boolean;
  force?: boolean;
  json?: true;
}

export const addBackup: AddCommand = (program, context) => {
  program
    .command("backup")
    .summary("writes a consistent copy of the database to a file")
    .description(
      "Writes a consistent copy of the database in DATA_DIR to one file, also while the server runs; nobody has to wait " +
        "for it. `restore` puts it back.",
    )
    .argument("<file>", "where to")
    .option("--with-secret-key", "put the secret key in as well, so that the file alone is enough to restore")
    .option("--force", "replace the file where it is there already")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples({
        "load-balancer backup /backups/lb.db --force": "the copy of each night, by cron",
        "load-balancer backup move.db --with-secret-key": "all that another machine needs",
      }),
    )
    .action(async (file: string, { withSecretKey = false, force = false, json }: Options) => {
      const result = await backUp(folderOf(context), file, { withSecretKey, overwrite: force });
      if (json) {
        const { file: path, sizeBytes, hasSecretKey } = result;
        context.print(JSON.stringify({ file: path, size_bytes: sizeBytes, has_secret_key: hasSecretKey }));
        return;
      }
      context.print(`${result.file}: ${(result.sizeBytes / 2 ** 20).toFixed(1)} MiB`);
      context.tell(withSecretKey ? WITH_KEY : WITHOUT_KEY);
    });
};

export function folderOf({ config }: Pick<Parameters<AddCommand>[1], "config">) {
  const { dataDir, encryptionKey } = config();
  return { dataDir, encryptionKey };
}
