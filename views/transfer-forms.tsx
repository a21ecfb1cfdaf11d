import { attr } from "./attr.ts";
import { controlAttributes, Field, SelectField, TextField } from "./components/field.tsx";
import { FormError } from "./components/form-shell.tsx";
import { Icon } from "./components/icon.tsx";
import { Ago } from "./components/time.tsx";
import { bytes, exact, fullTime, type Reader } from "./format.ts";
import { type ImportAnswer, ImportOutcome } from "./import-outcome.tsx";

const TRANSFER = {
  export: "/settings/data/export",
  import: "/settings/data/import",
  backup: "/settings/data/backup",
  backups: "/settings/data/backups",
};

/** What an export was to hold, and what is wrong with the form. */
export interface ExportTyped {
  secrets: string;
  errors: Record<string, string | undefined>;
  message?: string | undefined;
}

export interface TransferProps {
  exporting: ExportTyped;
  /** Null: no file was given yet. */
  imported: ImportAnswer | null;
  maxImportBytes: number;
  /** Of logs. */
  maxImportRows: number;
  backups: { name: string; at: number; sizeBytes: number }[];
  /** A cron expression; null: none are written by themselves. */
  schedule: string | null;
  keep: number;
  reader: Reader;
}

const SECRETS = [
  { value: "none", label: "Leave the keys' secrets out" },
  { value: "sealed", label: "Seal the secrets under a passphrase" },
  { value: "plain", label: "Secrets in clear" },
];

/** Everything out, everything in, and copies of the database. Plain forms: what answers two of them is a file. */
export function TransferCards(props: TransferProps) {
  return (
    <>
      <ExportCard {...props.exporting} />
      <ImportCard answer={props.imported} maxBytes={props.maxImportBytes} maxRows={props.maxImportRows} />
      <BackupCard {...props} />
    </>
  );
}

function ExportCard({ secrets, errors, message }: ExportTyped) {
  return (
    <section class="card" id="export">
      <header>
        <h2>Export everything</h2>
      </header>
      <form method="post" action={`${TRANSFER.export}#export`} class="inside fields">
        <p class="soft">
          Upstreams, pools, keys, settings, statistics and the log as one JSON file, for another installation
          or another program. The admin password is never in it.
        </p>
        <FormError message={message} />
        <SelectField id="export-secrets" name="secrets" label="Secrets" value={secrets} options={SECRETS} />
        <div class="fields with-secrets">
          <TextField
            id="export-password"
            name="password"
            label="Your admin password"
            type="password"
            autocomplete="current-password"
            help="Asked for before secrets leave; that they did is noted in the log."
            error={errors.password}
          />
        </div>
        <div class="fields with-passphrase">
          <TextField
            id="export-passphrase"
            name="passphrase"
            label="Passphrase"
            type="password"
            autocomplete="new-password"
            help="8 characters or more. The import asks for it; nobody can find it out again."
            error={errors.passphrase}
          />
        </div>
        <div>
          <button type="submit">
            <Icon name="download" />
            <span>Download the export</span>
          </button>
        </div>
      </form>
    </section>
  );
}

const FILE = { id: "import-file", name: "file", label: "File" };

interface ImportCardProps {
  answer: ImportAnswer | null;
  maxBytes: number;
  maxRows: number;
}

function ImportCard({ answer, maxBytes, maxRows }: ImportCardProps) {
  const file = {
    ...FILE,
    help: `At most ${maxBytes / 1024 / 1024} MiB, packed by gzip or zstd too. Larger ones, and logs of more than ${exact(maxRows)} rows, by load-balancer import FILE.`,
    error: answer?.errors.file,
  };
  const live = {
    "hx-post": TRANSFER.import,
    "hx-encoding": "multipart/form-data",
    "hx-target": "#import-outcome",
    "hx-swap": "innerHTML",
    "hx-status:422": "target:#import-outcome swap:innerHTML",
  };
  return (
    <section class="card" id="import">
      <header>
        <h2>Import</h2>
      </header>
      <form
        method="post"
        action={`${TRANSFER.import}#import`}
        enctype="multipart/form-data"
        class="inside fields"
        {...live}
      >
        <p class="soft">
          An export of this program or of its earlier version, an archive of the log, or a list of keys in any
          form, CSV too. It only adds: what is here already stays as it is.
        </p>
        <Field {...file}>
          <input {...controlAttributes(file)} type="file" required />
        </Field>
        <TextField
          id="import-passphrase"
          name="passphrase"
          label="Passphrase"
          type="password"
          autocomplete="off"
          help="Only of an export with sealed secrets."
          error={answer?.errors.passphrase}
        />
        <div class="bar">
          <button type="submit" name="dry_run" value="true">
            Check the file
          </button>
          <button type="submit" class="main">
            Import
          </button>
        </div>
        <div id="import-outcome" class="fields" role="status">
          {answer === null ? "" : <ImportOutcome {...answer} />}
        </div>
      </form>
    </section>
  );
}

function BackupCard({ backups, schedule, keep, reader }: TransferProps) {
  return (
    <section class="card" id="backups">
      <header>
        <h2>Backups</h2>
        <a class="push" href="/settings#backups">
          Schedule
        </a>
      </header>
      <form method="post" action={TRANSFER.backup} class="inside fields">
        <p class="soft">
          A copy of the whole database, taken while the program serves;{" "}
          <code>load-balancer restore FILE</code> brings it back. The secret key is not in it: keep that too,
          or the keys cannot be read.
        </p>
        <div class="bar">
          <button type="submit" formaction={TRANSFER.backups}>
            <Icon name="archive" />
            <span>Back up now</span>
          </button>
          <button type="submit">
            <Icon name="download" />
            <span>Download a backup</span>
          </button>
        </div>
        <p class="soft">
          {schedule === null ? (
            "None are written by themselves."
          ) : (
            <>
              Written by itself at <code safe>{schedule}</code>;{" "}
              <span safe>{`the newest ${exact(keep)} stay.`}</span>
            </>
          )}
        </p>
      </form>
      {backups.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">In the folder backups</th>
              <th scope="col" class="right">
                Size
              </th>
            </tr>
          </thead>
          <tbody>
            {backups.map((backup) => (
              <tr>
                <td>
                  <a
                    href={attr(`${TRANSFER.backups}/${backup.name}`)}
                    title={attr(backup.name)}
                    download=""
                    safe
                  >
                    {fullTime(backup.at, reader)}
                  </a>{" "}
                  <span class="sub">
                    <Ago at={backup.at} reader={reader} />
                  </span>
                </td>
                <td class="right" safe>
                  {bytes(backup.sizeBytes)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
