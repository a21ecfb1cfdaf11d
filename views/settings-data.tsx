import { CleanupFields, type CleanupTyped, type DatabaseReport } from "./cleanup-form.tsx";
import { ActionForm } from "./components/button.tsx";
import { Fact, FactOf, Facts } from "./components/facts.tsx";
import { FormActions, FormShell, formLive, type Place } from "./components/form-shell.tsx";
import { Icon } from "./components/icon.tsx";
import { Live } from "./components/live.tsx";
import { Ago } from "./components/time.tsx";
import { bytes, duration, exact, type Reader } from "./format.ts";
import { SettingsHead } from "./settings-tabs.tsx";
import { TransferCards, type TransferProps } from "./transfer-forms.tsx";
import { plural, sentence } from "./verdicts.ts";

interface CleanupState {
  running: { deletedRequests: number; ofRequests: number } | null;
  last: { endedAt: number; result: CleanupResult | null; problem: string | null } | null;
}

interface CleanupResult {
  deletedRequests: number;
  deletedKeyEvents: number;
  archivedRequests: number;
  archiveFiles: string[];
  freedBytes: number;
  durationMs: number;
}

const STATISTICS = "/settings/data/statistics";

export interface SettingsDataProps {
  report: DatabaseReport;
  state: CleanupState;
  cleanup: CleanupTyped;
  transfer: TransferProps;
  dataDir: string;
  reader: Reader;
}

/** What is kept on this disk, and what can be done with it: one card a thing. */
export function SettingsData(props: SettingsDataProps) {
  return (
    <>
      <SettingsHead tab="/settings/data" verdict={dataVerdict(props.report)} />
      <DatabaseNow {...props} />
      <div class="cards">
        <TransferCards {...props.transfer} />
        <section class="card" id="cleanup">
          <header>
            <h2>Clean up the log</h2>
          </header>
          <div class="inside fields">
            <p class="soft">
              Deletes old requests and key events, and gives the room back to the disk. Keys, settings and
              statistics stay. You are told what it would free before anything is deleted.
            </p>
            <CleanupFields {...props.cleanup} />
          </div>
        </section>
        <section class="card" id="statistics">
          <header>
            <h2>Begin the statistics anew</h2>
          </header>
          <div class="inside fields">
            <p class="soft">
              Forgets the figures of the dashboard and of the statistics. Keys, their counters, settings and
              the log stay.
            </p>
            <ActionForm to={STATISTICS} method="get" icon="reset" label="Reset statistics" look="bad" />
          </div>
        </section>
      </div>
    </>
  );
}

function dataVerdict(report: DatabaseReport): string {
  return `${bytes(report.sizeBytes)} on the disk, ${plural(report.requests, "request")} in the log.`;
}

/** How large the database is, and how the cleanup goes; this part lives. */
export function DatabaseNow(props: Omit<SettingsDataProps, "cleanup" | "transfer">) {
  const { report, reader } = props;
  return (
    <Live url="/settings/data" now={reader.now}>
      <section class="card" id="database">
        <header>
          <h2>Database</h2>
        </header>
        <div class="inside">
          <Facts>
            <FactOf label="Size">
              <span title={`${exact(report.sizeBytes)} bytes`} safe>
                {bytes(report.sizeBytes)}
              </span>
              <span class="soft" safe>
                {`of it ${bytes(report.freeBytes)} free for new rows`}
              </span>
            </FactOf>
            <FactOf label="Requests">
              <span safe>{exact(report.requests)}</span>
            </FactOf>
            <FactOf label="Oldest">
              <Ago at={report.oldestRequestAt} reader={reader} />
            </FactOf>
            <Fact label="Folder" value={props.dataDir} mono />
          </Facts>
        </div>
        <CleanupNow state={props.state} reader={reader} />
      </section>
    </Live>
  );
}

/** Of the cleanup that runs, how far it is; of the last one, what came of it. */
function CleanupNow({ state, reader }: { state: CleanupState; reader: Reader }) {
  const { running, last } = state;
  if (running !== null) {
    const { deletedRequests, ofRequests } = running;
    return (
      <div class="inside fields" role="status">
        <label for="cleanup-progress" safe>
          {`Cleaning up: ${exact(deletedRequests)} of about ${plural(ofRequests, "request")} deleted.`}
        </label>
        <progress
          id="cleanup-progress"
          max={Math.max(ofRequests, deletedRequests, 1)}
          value={deletedRequests}
        />
      </div>
    );
  }
  if (last === null) return "";
  return (
    <p class={`inside line ${last.result === null ? "is-invalid" : "is-available"}`} role="status">
      <Icon name={last.result === null ? "alert" : "check"} />
      <span>
        <span safe>{cleanupOutcome(last)}</span> <Ago at={last.endedAt} reader={reader} />
      </span>
    </p>
  );
}

function cleanupOutcome({ result, problem }: NonNullable<CleanupState["last"]>): string {
  if (result === null)
    return `The cleanup stopped: ${sentence(problem ?? "the log of the program says why")}`;
  const archived =
    result.archiveFiles.length === 0
      ? ""
      : ` ${plural(result.archivedRequests, "request")} written to ${plural(result.archiveFiles.length, "file")} in the archive.`;
  const events = result.deletedKeyEvents === 0 ? "" : ` and ${plural(result.deletedKeyEvents, "key event")}`;
  return `${plural(result.deletedRequests, "request")}${events} deleted, ${bytes(result.freedBytes)} freed in ${duration(result.durationMs)}.${archived}`;
}

/** The statistics are gone for good: it asks first. */
export function ResetStatisticsForm(props: { place: Place }) {
  return (
    <FormShell
      place={props.place}
      title="Reset statistics?"
      lead="The figures of the dashboard and of the statistics begin anew. It cannot be undone."
      back="/settings/data"
    >
      <form method="post" action={STATISTICS} {...formLive(STATISTICS)}>
        <FormActions submit="Reset statistics" destructive back="/settings/data" autofocus />
      </form>
    </FormShell>
  );
}
