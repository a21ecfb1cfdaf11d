import { bytes } from "../../views/format.ts";
import { type ImportAnswer, ImportOutcome } from "../../views/import-outcome.tsx";
import type { ExportTyped } from "../../views/transfer-forms.tsx";
import { sentence } from "../../views/verdicts.ts";
import type { ExportSecrets } from "../operations/types.ts";
import { ConflictError, InputError, StorageError } from "../types.ts";
import { backupDownload, exportDownload, MAX_ROWS_WHILE_SERVING } from "./api/data.ts";
import type { PageContext } from "./page-context.ts";
import { readFileForm, readForm } from "./page-form.ts";
import { done, htmlResponse } from "./render.tsx";
import { dataPage, MAX_IMPORT_FORM_BYTES } from "./settings-data.tsx";

/** Everything as a download; with secrets after the password. */
export async function downloadExport(context: PageContext): Promise<Response> {
  const { deps, request, actor } = context;
  const form = await readForm(request);
  const secrets = form.get("secrets") ?? "none";
  const refuse = (errors: ExportTyped["errors"], message?: string) =>
    dataPage(context, { exporting: { secrets, errors, message } });
  const asked = secretsOf(secrets, form.get("passphrase") ?? "");
  if (asked === null) return refuse({}, "Choose what becomes of the secrets.");
  if (asked !== "none") {
    const password = form.get("password") ?? "";
    const known = await deps.sessions.confirm({ password, client: deps.clientOf(request) });
    if (!known.ok) return refuse({ password: known.message });
  }
  deps.keepOpen(request);
  try {
    const pieces = await deps.operations.transfer.exportAll({ secrets: asked, actor });
    return exportDownload(pieces, context.reader.now);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { passphrase } = error.fields;
    if (passphrase === undefined) return refuse({}, error.message);
    return refuse({ passphrase: sentence(passphrase) });
  }
}

function secretsOf(given: string, passphrase: string): ExportSecrets | null {
  if (given === "none" || given === "plain") return given;
  return given === "sealed" ? { passphrase } : null;
}

/** Takes a file in, or only checks it: what came of it stands below the form. */
export async function importFile(context: PageContext): Promise<Response> {
  context.deps.keepOpen(context.request);
  const answer = await importAnswer(context);
  if (context.part === null) return dataPage(context, { imported: answer });
  const answered = htmlResponse(<ImportOutcome {...answer} />, answer.report === null ? 422 : 200);
  if (answer.report !== null) answered.headers.set("hx-trigger", "refresh-live");
  return answered;
}

async function importAnswer({ deps, request, actor }: PageContext): Promise<ImportAnswer> {
  let isDryRun = false;
  const refused = (message: string, errors: Record<string, string> = {}): ImportAnswer => ({
    report: null,
    isDryRun,
    message,
    errors,
  });
  try {
    const { fields, files } = await readFileForm(request, MAX_IMPORT_FORM_BYTES);
    isDryRun = fields.get("dry_run") === "true";
    const [file] = files;
    if (file === undefined || file.size === 0)
      return refused("There is no file, or it is empty.", { file: "Choose a file." });
    const report = await deps.operations.transfer.importStream(bytesOf(file), {
      passphrase: fields.get("passphrase") || undefined,
      dryRun: isDryRun,
      maxRows: MAX_ROWS_WHILE_SERVING,
      actor,
    });
    return { report, isDryRun, message: null, errors: {} };
  } catch (error) {
    if (error instanceof ConflictError || error instanceof StorageError) return refused(error.message);
    if (!(error instanceof InputError)) throw error;
    const told = Object.entries(error.fields).map(([place, problem]) => [place, sentence(problem)]);
    return refused(error.message, Object.fromEntries(told));
  }
}

async function* bytesOf(file: Blob): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(await file.arrayBuffer());
}

/** A copy of the database as it is now. */
export async function downloadBackup({ deps, request }: PageContext): Promise<Response> {
  deps.keepOpen(request);
  return backupDownload(await deps.operations.transfer.backupFile());
}

/** Into the folder of backups; a large database takes a while. */
export async function backUpNow(context: PageContext): Promise<Response> {
  const { deps, request } = context;
  deps.keepOpen(request);
  const { name, sizeBytes } = await deps.operations.transfer.backUp();
  const text = `${name} written, ${bytes(sizeBytes)}.`;
  return done(context, { kind: "ok", text }, "/settings/data#backups");
}

export async function downloadKeptBackup({ deps, request, id }: PageContext): Promise<Response> {
  deps.keepOpen(request);
  return backupDownload(await deps.operations.transfer.keptBackup(id));
}
