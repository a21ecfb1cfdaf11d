import { attr } from "../attr.ts";
import { count, duration, exact, percent } from "../format.ts";
import { href, keyPath } from "../links.ts";
import { outcomeLook } from "../outcomes.ts";
import { change, dollars, type GroupFigures } from "../stats-figures.ts";
import { GROUP_NAMES, type StatsGroupName } from "../stats-query.ts";
import { type Colour, Swatch } from "./swatch.tsx";

interface GroupTableProps {
  by: StatsGroupName;
  groups: GroupFigures[];
  /** The same groups in the time before; null: not compared. */
  before: ReadonlyMap<string, GroupFigures> | null;
  colours: ReadonlyMap<string, Colour>;
  /** Requests of all groups together. */
  total: number;
}

/** The log's filter for a group, where it has one. */
const LOG_FILTERS: Partial<Record<StatsGroupName, string>> = {
  key: "key_id",
  model: "model",
  outcome: "outcome",
};

/** Each group's sums, the most requests first. */
export function GroupTable(props: GroupTableProps) {
  return (
    <table class="cards by-group">
      <thead>
        <tr>
          <th scope="col">{GROUP_NAMES[props.by]}</th>
          <Heads names={["Requests", "Share"]} />
          {props.before === null ? null : <Heads names={["Change"]} />}
          <Heads names={["Success", "Failed", "Moved", "First byte p50", "p95", "Input", "Output", "Cost"]} />
        </tr>
      </thead>
      <tbody>
        {props.groups.map((group) => (
          <tr>
            <td class="c-label">
              <GroupName by={props.by} group={group} colour={props.colours.get(group.id)} />
            </td>
            <td class="right c-count" safe>
              {exact(group.requests)}
            </td>
            <td class="right soft wide-only" safe>
              {percent(group.requests, props.total)}
            </td>
            {props.before === null ? null : (
              <td class="right soft wide-only" safe>
                {change(group.requests, props.before.get(group.id)?.requests ?? 0)}
              </td>
            )}
            <td class="right c-note" safe>
              {percent(group.successes, group.requests)}
            </td>
            <td class="right wide-only">
              <Failed by={props.by} group={group} />
            </td>
            <td class="right wide-only" safe>
              {exact(group.failovers)}
            </td>
            <td class="right wide-only" safe>
              {duration(group.ttftMs.p50)}
            </td>
            <td class="right wide-only" safe>
              {duration(group.ttftMs.p95)}
            </td>
            <td class="right wide-only" title={exact(group.inputTokens)} safe>
              {count(group.inputTokens)}
            </td>
            <td class="right wide-only" title={exact(group.outputTokens)} safe>
              {count(group.outputTokens)}
            </td>
            <td class="right c-note" safe>
              {dollars(group.costUsd)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Heads(props: { names: string[] }) {
  return (
    <>
      {props.names.map((name) => (
        <th scope="col" class="right" safe>
          {name}
        </th>
      ))}
    </>
  );
}

function GroupName(props: { by: StatsGroupName; group: GroupFigures; colour: Colour | undefined }) {
  const { id, label } = props.group;
  const text = props.by === "outcome" ? outcomeLook(label).word : label;
  const inside = (
    <>
      {props.colour === undefined ? null : <Swatch colour={props.colour} />}
      <bdi class="name" title={attr(text)} safe>
        {text}
      </bdi>
    </>
  );
  if (props.by !== "key" || label.endsWith("(deleted)")) return <span class="key">{inside}</span>;
  return (
    <a class="key" href={attr(keyPath(id))}>
      {inside}
    </a>
  );
}

/** How many failed, and the way to them. */
function Failed(props: { by: StatsGroupName; group: GroupFigures }) {
  const { errors, id } = props.group;
  const filter = LOG_FILTERS[props.by];
  if (errors === 0) return <span class="soft">0</span>;
  if (filter === undefined || id === "") return <span safe>{exact(errors)}</span>;
  return (
    <a href={attr(href("/logs", { kind: "error", [filter]: id }))} safe>
      {exact(errors)}
    </a>
  );
}
