import type { MigrationReport } from "../operations/types.ts";

/** How many of a list are told one by one; the JSON report has all. */
const MAX_LINES = 20;

/** The report for people. */
export function migrationLines(report: MigrationReport): string[] {
  const { keys, pools, settings, requests, upstream } = report;
  const disabled = keys.disabled === 0 ? "" : `, ${keys.disabled} of them disabled as they were there`;
  return [
    report.dryRun
      ? "A trial run: nothing was changed. This would be done:"
      : "Taken over from the earlier version:",
    ...report.read.map((path) => `  from      ${path}`),
    `  keys      ${keys.added} added${disabled}${alreadyHere(keys.present)}; upstream "${upstream.name}" (${upstream.baseUrl})`,
    `  pools     ${pools.added.length} added${alreadyHere(pools.present.length)}${listed(pools.added)}`,
    `  settings  ${settings.changed.length} changed`,
    ...settings.changed.map(
      ({ earlierName, name, from, value, note }) =>
        `    ${earlierName} → ${name}: ${JSON.stringify(from)} → ${JSON.stringify(value)}${note === null ? "" : ` (${note})`}`,
    ),
    `  requests  ${requests.added} added${alreadyHere(requests.present)}`,
    ...section("Left out:", [
      ...byReason(keys.skipped),
      ...settings.left.map(({ earlierName, reason }) => `setting ${earlierName}: ${reason}`),
      ...requests.skipped.map(({ reason, count }) => `${count} requests: ${reason}`),
    ]),
    ...section("Different now:", report.notes),
  ];
}

function alreadyHere(count: number): string {
  return count === 0 ? "" : `, ${count} here already`;
}

/** Entries that were left out for the same reason in one line. */
function byReason(skipped: MigrationReport["keys"]["skipped"]): string[] {
  return Array.from(
    Map.groupBy(skipped, ({ reason }) => reason),
    ([reason, [first, ...others]]) => {
      const more = others.length === 0 ? "" : ` and ${others.length} more`;
      return `${first?.what}${more}: ${reason}`;
    },
  );
}

function listed(names: string[]): string {
  return names.length === 0 ? "" : `: ${cut(names).join(", ")}`;
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...cut(lines).map((line) => `  ${line}`)];
}

function cut(items: string[]): string[] {
  const more = items.length - MAX_LINES;
  return more <= 0 ? items : [...items.slice(0, MAX_LINES), `… and ${more} more (--json has all)`];
}

/** The same in the names of the API. */
export function migrationJson(report: MigrationReport): Record<string, unknown> {
  const { dryRun, read, upstream, keys, pools, settings, requests, notes } = report;
  return {
    dry_run: dryRun,
    read,
    upstream: { name: upstream.name, base_url: upstream.baseUrl, is_new: upstream.isNew },
    keys,
    pools,
    settings: {
      changed: settings.changed.map(({ earlierName, ...rest }) => ({ earlier_name: earlierName, ...rest })),
      left: settings.left.map(({ earlierName, reason }) => ({ earlier_name: earlierName, reason })),
    },
    requests,
    notes,
  };
}
