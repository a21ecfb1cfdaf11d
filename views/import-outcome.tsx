import { Icon } from "./components/icon.tsx";
import { exact } from "./format.ts";
import { plural } from "./verdicts.ts";

/** What an import answered: a report, or why nothing of it was taken. */
export interface ImportAnswer {
  report: ImportReport | null;
  isDryRun: boolean;
  /** Why it was refused; null where it was not. */
  message: string | null;
  /** By field (`file`, `passphrase`) or by row of the file. */
  errors: Record<string, string>;
}

interface ImportReport {
  added: Record<string, number>;
  present: Record<string, number>;
  skipped: { place: string; reason: string }[];
  skippedMore: number;
}

/** Lists longer than this are cut, and say so. */
const MAX_LISTED = 200;
const FIELDS: readonly string[] = ["file", "passphrase"];

/** What became of the file, row by row where something of it was left aside or is wrong. */
export function ImportOutcome({ report, isDryRun, message, errors }: ImportAnswer) {
  if (report === null) {
    const rows = Object.entries(errors).filter(([place]) => !FIELDS.includes(place));
    return (
      <>
        <p class="error" role="alert">
          <Icon name="alert" size={14} />
          <span safe>{message ?? "The file could not be read."}</span>
        </p>
        <Rows title="What is wrong" rows={rows.map(([place, reason]) => ({ place, reason }))} more={0} />
      </>
    );
  }
  const present = listed(report.present);
  return (
    <>
      <p class="line is-available">
        <Icon name="check" />
        <span safe>{verdict(report, isDryRun)}</span>
      </p>
      {present !== "" && <p class="soft" safe>{`Here already: ${present}.`}</p>}
      <Rows title="Left aside because" rows={report.skipped} more={report.skippedMore} />
    </>
  );
}

function verdict({ added, skipped, skippedMore }: ImportReport, isDryRun: boolean): string {
  const what = listed(added) || "nothing";
  const aside = skipped.length + skippedMore;
  const rest =
    aside === 0
      ? ""
      : ` ${plural(aside, "row")} ${isDryRun ? "would be" : aside === 1 ? "was" : "were"} left aside.`;
  return isDryRun
    ? `Only checked, nothing is changed. It would add: ${what}.${rest}`
    : `Added: ${what}.${rest}`;
}

/** "2 keys, 1 pool", without what there is none of. */
function listed(counts: Record<string, number>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([list, count]) => (count === 1 ? `1 ${one(list)}` : `${exact(count)} ${list.replaceAll("_", " ")}`))
    .join(", ");
}

function one(list: string): string {
  return list.replaceAll("_", " ").replace(/s$/, "");
}

function Rows({ title, rows, more }: { title: string; rows: ImportReport["skipped"]; more: number }) {
  if (rows.length === 0) return "";
  const hidden = Math.max(0, rows.length - MAX_LISTED) + more;
  return (
    <div class="report">
      <table>
        <thead>
          <tr>
            <th scope="col">Where</th>
            <th scope="col" safe>
              {title}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MAX_LISTED).map(({ place, reason }) => (
            <tr>
              <td class="soft" safe>
                {place}
              </td>
              <td class="wrap-text" safe>
                {reason}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {hidden > 0 && <p class="soft" safe>{`And ${exact(hidden)} more.`}</p>}
    </div>
  );
}
