import { join } from "node:path";
import { type CleanupTyped, ConfirmCleanup, CorrectCleanup } from "../../views/cleanup-form.tsx";
import { DatabaseNow, ResetStatisticsForm, SettingsData } from "../../views/settings-data.tsx";
import type { TransferProps } from "../../views/transfer-forms.tsx";
import { sentence } from "../../views/verdicts.ts";
import type { CleanupInput } from "../operations/types.ts";
import { InputError } from "../types.ts";
import { MAX_ROWS_WHILE_SERVING } from "./api/data.ts";
import type { PageContext } from "./page-context.ts";
import { readForm } from "./page-form.ts";
import { done, formPage, page, placeOf } from "./render.tsx";

const HERE = "/settings/data";
const INFO = { title: "Data", section: "/settings" };
/** A form is read into memory whole; a larger file goes by the command or the API, which take it as it comes. */
export const MAX_IMPORT_FORM_BYTES = 64 * 1024 * 1024;
/** What the form offers where the log is kept for ever. */
const USUAL_DAYS = 30;

/** How large the database is, and what can be done with what is in it. */
export async function showData(context: PageContext): Promise<Response> {
  if (context.part !== "live") return dataPage(context, {});
  return page(context, INFO, <DatabaseNow {...(await databaseNow(context))} />);
}

/** The page with what a form of it answered: what was exported wrongly, what became of an import. */
export async function dataPage(
  context: PageContext,
  { exporting, imported = null }: Partial<Pick<TransferProps, "exporting" | "imported">>,
): Promise<Response> {
  const { settings, transfer } = context.deps.operations;
  const { logRetentionDays, archiveBeforeDelete, backupSchedule, backupKeep } = settings.current();
  const transferring: TransferProps = {
    exporting: exporting ?? { secrets: "none", errors: {} },
    imported,
    maxImportBytes: MAX_IMPORT_FORM_BYTES,
    maxImportRows: MAX_ROWS_WHILE_SERVING,
    backups: transfer.backups(),
    schedule: backupSchedule,
    keep: backupKeep,
    reader: context.reader,
  };
  const isRefused = exporting !== undefined || imported?.report === null;
  return page(
    context,
    { ...INFO, status: isRefused ? 422 : 200 },
    <SettingsData
      {...(await databaseNow(context))}
      cleanup={{ days: String(logRetentionDays || USUAL_DAYS), archive: archiveBeforeDelete }}
      transfer={transferring}
    />,
  );
}

async function databaseNow({ deps: { operations, about }, reader }: PageContext) {
  const { logRetentionDays } = operations.settings.current();
  return {
    report: await operations.cleanup.report(logRetentionDays || USUAL_DAYS),
    state: operations.cleanup.state(),
    dataDir: about.dataDir,
    reader,
  };
}

/** The dry run: nothing is deleted yet. */
export async function askForCleanup(context: PageContext): Promise<Response> {
  const typed = typedOf(context.url.searchParams);
  const place = placeOf(context);
  try {
    const input = inputOf(typed);
    const report = await context.deps.operations.cleanup.report(input.olderThanDays);
    const archiveDir = join(context.deps.about.dataDir, "archive");
    const form = <ConfirmCleanup place={place} input={input} report={report} archiveDir={archiveDir} />;
    return formPage(context, INFO, form);
  } catch (error) {
    const problem = error instanceof InputError ? error.fields.older_than_days : undefined;
    if (problem === undefined) throw error;
    const form = <CorrectCleanup {...typed} error={sentence(problem)} place={place} />;
    return formPage(context, { ...INFO, status: 422 }, form);
  }
}

/** It may take minutes: the page shows how it goes. */
export async function cleanUp(context: PageContext): Promise<Response> {
  const typed = typedOf(await readForm(context.request));
  context.deps.operations.cleanup.start(inputOf(typed), context.actor);
  return done(context, { kind: "ok", text: "The cleanup has begun." }, HERE);
}

export function askForStatisticsReset(context: PageContext): Promise<Response> | Response {
  return formPage(context, INFO, <ResetStatisticsForm place={placeOf(context)} />);
}

export async function resetStatistics(context: PageContext): Promise<Response> {
  await context.deps.operations.stats.reset();
  return done(context, { kind: "ok", text: "The statistics begin anew." }, HERE);
}

function typedOf(form: URLSearchParams): CleanupTyped {
  return { days: (form.get("older_than_days") ?? "").trim(), archive: form.get("archive") === "true" };
}

/** What is no number becomes one that operations refuse. */
function inputOf({ days, archive }: CleanupTyped): CleanupInput {
  return { olderThanDays: /^\d+$/.test(days) ? Number(days) : -1, archive };
}
