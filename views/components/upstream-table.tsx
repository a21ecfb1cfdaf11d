import type { Upstream, UpstreamHealth } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { count, exact, percent, type Reader, UNKNOWN } from "../format.ts";
import { keysHref, upstreamPath } from "../links.ts";
import type { KeyCounts } from "../verdicts.ts";
import { HostHealth } from "./host-health.tsx";
import { type RowAction, RowActions } from "./row-actions.tsx";
import { StatusCounts } from "./status-counts.tsx";
import { type KeyTest, TestNote } from "./test-note.tsx";

export interface UpstreamRow {
  upstream: Upstream & { health: UpstreamHealth };
  counts: KeyCounts | undefined;
  /** Of the last hour; null where there were none. */
  lately: { requests: number; errors: number } | null;
  /** How many models it lists; null where that is not known. */
  models: number | null;
  /** Of the last minute. */
  test: KeyTest | undefined;
}

export function UpstreamTable(props: { rows: UpstreamRow[]; reader: Reader }) {
  return (
    <table class="cards places">
      <thead>
        <tr>
          <th scope="col">Upstream</th>
          <th scope="col">Host</th>
          <th scope="col">Keys</th>
          <th scope="col" class="right" title="Requests that ended in the last hour">
            Last hour
          </th>
          <th scope="col" class="right" title="Share of them that failed">
            Errors
          </th>
          <th scope="col" class="right">
            Models
          </th>
          <th scope="col">
            <span class="hidden-text">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row) => (
          <Row {...row} reader={props.reader} />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: UpstreamRow & { reader: Reader }) {
  const { upstream, lately, models } = props;
  return (
    <tr id={`upstream-${attr(upstream.id)}`}>
      <td class="c-name">
        <span class="line">
          <a class="key" href={attr(upstreamPath(upstream.id))}>
            <bdi class="name" safe>
              {upstream.name}
            </bdi>
          </a>
          {upstream.isDefault && (
            <span class="tag" title="Keys that name no upstream go to this one">
              default
            </span>
          )}
        </span>
        <bdi class="sub mono cut" title={attr(upstream.baseUrl)} safe>
          {upstream.baseUrl}
        </bdi>
      </td>
      <td class="c-status">
        {props.test === undefined ? (
          <HostHealth health={upstream.health} reader={props.reader} />
        ) : (
          <TestNote test={props.test} reader={props.reader} />
        )}
      </td>
      <td class="c-keys">
        <StatusCounts counts={props.counts} href={(status) => keysHref({ upstream: upstream.id, status })} />
      </td>
      <td class="wide-only right" title={lately === null ? undefined : exact(lately.requests)} safe>
        {count(lately?.requests ?? 0)}
      </td>
      <td class={`wide-only right${(lately?.errors ?? 0) > 0 ? " poor" : ""}`} safe>
        {lately === null ? UNKNOWN : percent(lately.errors, lately.requests)}
      </td>
      <td class="wide-only right">
        {models === null ? (
          <span class="soft" title="No list of its models is known by now">
            {UNKNOWN}
          </span>
        ) : (
          <a href={attr(`${upstreamPath(upstream.id)}#models`)} safe>
            {exact(models)}
          </a>
        )}
      </td>
      <td class="c-acts">
        <RowActions id={upstream.id} name={upstream.name} actions={upstreamActions(upstream)} />
      </td>
    </tr>
  );
}

export function upstreamActions({ id, isDefault }: Upstream): RowAction[] {
  const actions: (RowAction | null)[] = [
    { to: upstreamPath(id, "test"), method: "post", icon: "test", label: "Test" },
    isDefault
      ? null
      : { to: upstreamPath(id, "default"), method: "post", icon: "check", label: "Make default" },
    { to: upstreamPath(id, "edit"), method: "get", icon: "edit", label: "Edit" },
    { to: upstreamPath(id, "delete"), method: "get", icon: "delete", label: "Delete" },
  ];
  return actions.filter((action) => action !== null);
}
