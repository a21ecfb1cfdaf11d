import type { Pool, Strategy } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { count, exact, percent, type Reader } from "../format.ts";
import { keysHref, poolPath } from "../links.ts";
import { inWords } from "../setting-labels.ts";
import { STRATEGY_SENTENCES } from "../strategy-words.ts";
import type { KeyCounts } from "../verdicts.ts";
import { PoolMark } from "./pool-mark.tsx";
import { type RowAction, RowActions } from "./row-actions.tsx";
import { StatusCounts } from "./status-counts.tsx";
import { Ago } from "./time.tsx";

export interface PoolRow {
  pool: Pool;
  counts: KeyCounts | undefined;
  /** Requests that its keys took today; attempts, to be exact. */
  attempts: number;
  /** Since their counters began. */
  uses: { requests: number; lastUsedAt: number | null } | undefined;
}

interface PoolTableProps {
  rows: PoolRow[];
  /** Attempts today on all keys, those without a pool too. */
  total: number;
  globalStrategy: Strategy;
  reader: Reader;
}

export function PoolTable({ rows, ...shared }: PoolTableProps) {
  return (
    <table class="cards places">
      <thead>
        <tr>
          <th scope="col">Pool</th>
          <th scope="col">Strategy</th>
          <th scope="col">Keys</th>
          <th scope="col" class="right" title="Attempts on its keys today, and their share of all">
            Today
          </th>
          <th scope="col" class="right" title="Attempts on its keys since their counters began">
            Requests
          </th>
          <th scope="col">Last used</th>
          <th scope="col">
            <span class="hidden-text">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row {...row} {...shared} />
        ))}
      </tbody>
    </table>
  );
}

function Row(props: PoolRow & Omit<PoolTableProps, "rows">) {
  const { pool, attempts, total } = props;
  const strategy = pool.strategy ?? props.globalStrategy;
  return (
    <tr id={`pool-${attr(pool.id)}`}>
      <td class="c-name">
        <span class="line">
          <span class="pool-mark">
            <PoolMark pool={pool} />
          </span>
          <span class="grow">
            <a class="key" href={attr(poolPath(pool.id))}>
              <bdi class="name" safe>
                {pool.name}
              </bdi>
            </a>
            {pool.description === "" ? null : (
              <bdi class="sub cut" title={attr(pool.description)} safe>
                {pool.description}
              </bdi>
            )}
          </span>
        </span>
      </td>
      <td class="c-status" title={STRATEGY_SENTENCES[strategy]}>
        <span safe>{inWords(strategy)}</span>
        {pool.strategy === null ? <span class="sub">, as all</span> : null}
      </td>
      <td class="c-keys">
        <StatusCounts counts={props.counts} href={(status) => keysHref({ pool: pool.id, status })} />
      </td>
      <td class="wide-only right" title={`${exact(attempts)} attempts today`}>
        <span class="share">
          <svg class="gauge c-accent" viewBox="0 0 48 4" preserveAspectRatio="none" aria-hidden="true">
            <rect class="track" width="48" height="4" />
            <rect class="fill" width={total === 0 ? 0 : (48 * attempts) / total} height="4" />
          </svg>
          <span safe>{total === 0 ? count(0) : percent(attempts, total)}</span>
        </span>
      </td>
      <td class="wide-only right" title={exact(props.uses?.requests ?? 0)} safe>
        {count(props.uses?.requests ?? 0)}
      </td>
      <td class="wide-only soft">
        <Ago at={props.uses?.lastUsedAt ?? null} reader={props.reader} />
      </td>
      <td class="c-acts">
        <RowActions id={pool.id} name={pool.name} actions={poolActions(pool)} />
      </td>
    </tr>
  );
}

export function poolActions({ id }: Pick<Pool, "id">): RowAction[] {
  return [
    { to: poolPath(id, "edit"), method: "get", icon: "edit", label: "Edit" },
    { to: poolPath(id, "delete"), method: "get", icon: "delete", label: "Delete" },
  ];
}
