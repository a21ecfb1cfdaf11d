import { attr } from "./attr.ts";
import { controlAttributes, Field } from "./components/field.tsx";
import { FormActions, FormShell, formLive, type Place } from "./components/form-shell.tsx";
import { bytes, exact } from "./format.ts";
import { plural } from "./verdicts.ts";

/** What is in the database, and what a cleanup of everything older would delete and free. */
export interface DatabaseReport {
  sizeBytes: number;
  freeBytes: number;
  requests: number;
  oldestRequestAt: number | null;
  deletableRequests: number;
  freeableBytes: number;
}

/** As the form has it. */
export interface CleanupTyped {
  days: string;
  archive: boolean;
  error?: string;
}

const ACTION = "/settings/data/cleanup";

/** From how many days on, and whether to an archive first. Sending it asks; it deletes nothing yet. */
export function CleanupFields(props: CleanupTyped) {
  const days = {
    id: "older-than-days",
    name: "older_than_days",
    label: "Older than",
    help: "0 deletes all of it.",
    error: props.error,
  };
  return (
    <form
      class="fields"
      method="get"
      action={ACTION}
      hx-get={ACTION}
      hx-target="#dialog"
      hx-swap="innerHTML"
      {...{ "hx-status:422": "target:#dialog swap:innerHTML" }}
    >
      <Field {...days}>
        <span class="line">
          <input
            {...controlAttributes(days)}
            class="number"
            value={attr(props.days)}
            inputmode="numeric"
            autocomplete="off"
            required
          />
          <span class="soft">days</span>
        </span>
      </Field>
      <label class="line">
        <input type="checkbox" name="archive" value="true" checked={props.archive} />
        Write requests to the archive first
      </label>
      <div>
        <button type="submit">Show what it would free</button>
      </div>
    </form>
  );
}

interface ConfirmCleanupProps {
  place: Place;
  input: { olderThanDays: number; archive: boolean };
  report: DatabaseReport;
  archiveDir: string;
}

/** The dry run: what would be deleted and freed, and the button that does it. */
export function ConfirmCleanup(props: ConfirmCleanupProps) {
  const { input, report } = props;
  const nothing = report.deletableRequests === 0;
  const age = input.olderThanDays === 0 ? "" : ` older than ${plural(input.olderThanDays, "day")}`;
  const archive = input.archive ? ` Requests are written to ${props.archiveDir} first.` : "";
  const rest = report.requests - report.deletableRequests;
  return (
    <FormShell
      place={props.place}
      title={nothing ? `No requests${age}` : `Delete ${plural(report.deletableRequests, "request")}${age}?`}
      lead={
        nothing
          ? "Only key events of that age would be deleted, and free room given back to the disk."
          : `Frees about ${bytes(report.freeableBytes)} of ${bytes(report.sizeBytes)}; ${exact(rest)} stay.${archive} It cannot be undone.`
      }
      back="/settings/data"
    >
      <form method="post" action={ACTION} {...formLive(ACTION)}>
        <input type="hidden" name="older_than_days" value={String(input.olderThanDays)} />
        <input type="hidden" name="archive" value={String(input.archive)} />
        <FormActions
          submit={nothing ? "Clean up" : `Delete ${plural(report.deletableRequests, "request")}`}
          destructive={!nothing}
          back="/settings/data"
          autofocus
        />
      </form>
    </FormShell>
  );
}

/** The form again, where what was typed can't be used. */
export function CorrectCleanup(props: CleanupTyped & { place: Place }) {
  return (
    <FormShell place={props.place} title="Clean up the log" lead="Nothing was deleted." back="/settings/data">
      <CleanupFields {...props} />
    </FormShell>
  );
}
