import { systemClock } from "../clock.ts";
import { restore } from "../operations/transfer/backup.ts";
import { folderOf } from "./backup.ts";
import { type AddCommand, examples, JSON_OPTION } from "./command.ts";

export const addRestore: AddCommand = (program, context) => {
  program
    .command("restore")
    .summary("puts a backup in the place of the database, checked before")
    .description(
      "Puts a file that `backup` wrote in the place of the database in DATA_DIR, after all of it was checked: whole, of " +
        "this program, of a version that this one knows, readable with the secret key. The database that was there is " +
        "kept beside it. Not while a server runs on the folder: stop it first.",
    )
    .argument("<file>", "the backup")
    .option(...JSON_OPTION)
    .addHelpText("after", examples({ "load-balancer restore /backups/lb.db": "goes back to that copy" }))
    .action(async (file: string, { json }: { json?: true }) => {
      const { keys, requests, keptAs, secretKeyWritten } = await restore(
        folderOf(context),
        file,
        systemClock,
      );
      if (json) {
        const result = { keys, requests, kept_as: keptAs, secret_key_written: secretKeyWritten };
        context.print(JSON.stringify(result));
        return;
      }
      context.print(`Restored: ${keys} keys and ${requests} requests.`);
      if (secretKeyWritten) context.print("The secret key of the backup is now in DATA_DIR/secret.key.");
      if (keptAs !== null)
        context.print(`The database that was there is now ${keptAs}; delete it once all is well.`);
    });
};
