import type { KeyView, Pool } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { count, exact, percent, type Reader, UNKNOWN } from "../format.ts";
import { keyPath } from "../links.ts";
import { plural } from "../verdicts.ts";
import { ActionButton } from "./button.tsx";
import { DailyUse } from "./daily-use.tsx";
import { Icon } from "./icon.tsx";
import { KeyChip } from "./key-chip.tsx";
import { KeyStatusBadge } from "./key-status.tsx";
import { PoolChip } from "./pool-chip.tsx";
import { SortHeader } from "./sort-header.tsx";
import { type KeyTest, TestNote } from "./test-note.tsx";
import { Ago } from "./time.tsx";

interface KeyTableProps {
  keys: KeyView[];
  /** By id; without pools the column is left out. */
  pools: ReadonlyMap<string, Pool>;
  /** Tests of the last minute, by key. */
  tests: ReadonlyMap<string, KeyTest>;
  sort: string;
  /** The page's address under another order. */
  sortHref(sort: string): string;
  reader: Reader;
}

export function KeyTable(props: KeyTableProps) {
  const sorting = { sort: props.sort, href: props.sortHref };
  const hasPools = props.pools.size > 0;
  return (
    <table class="cards keys">
      <thead>
        <tr>
          <SortHeader label="Key" by="name" {...sorting} />
          <SortHeader label="Status" by="status" {...sorting} />
          {hasPools && <th scope="col">Pool</th>}
          <th scope="col" class="right" title="Requests that run on it now">
            Now
          </th>
          <SortHeader label="Requests" by="request_count" descendingFirst right {...sorting} />
          <th scope="col" class="right">
            Success
          </th>
          <th scope="col" class="right" title="Failures laid at the door of the key or its host">
            Failures
          </th>
          <SortHeader label="Last used" by="last_used_at" descendingFirst {...sorting} />
          <th scope="col">Today</th>
          <th scope="col">
            <span class="hidden-text">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.keys.map((key) => (
          <KeyRow view={key} hasPools={hasPools} {...props} />
        ))}
      </tbody>
    </table>
  );
}

function KeyRow(props: Omit<KeyTableProps, "keys"> & { view: KeyView; hasPools: boolean }) {
  const key = props.view;
  const test = props.tests.get(key.id);
  return (
    <tr id={`key-${attr(key.id)}`} class={key.enabled ? undefined : "off"}>
      <td class="c-key">
        <KeyChip id={key.id} name={key.name} maskedSecret={key.maskedSecret} />
        <span class="sub phone-only" safe>
          {`${plural(key.requestCount, "request")} · ${success(key)}`}
        </span>
      </td>
      <td class="c-status">
        <span class="line">
          <KeyStatusBadge view={key} reader={props.reader} />
          {test === undefined ? (
            <Reason text={key.status === "daily_limit_reached" ? null : key.statusReason} />
          ) : (
            <TestNote test={test} reader={props.reader} />
          )}
        </span>
      </td>
      {props.hasPools && (
        <td class="wide-only">
          <PoolChip pool={key.poolId === null ? undefined : props.pools.get(key.poolId)} />
        </td>
      )}
      <td class={`wide-only right${key.inFlight === 0 ? " soft" : ""}`} safe>
        {exact(key.inFlight)}
      </td>
      <td class="wide-only right" title={exact(key.requestCount)} safe>
        {count(key.requestCount)}
      </td>
      <td class={`wide-only right${isPoor(key) ? " poor" : ""}`} safe>
        {success(key)}
      </td>
      <td
        class={`wide-only right${key.failureCount === 0 ? " soft" : ""}`}
        title={exact(key.failureCount)}
        safe
      >
        {count(key.failureCount)}
      </td>
      <td class="c-used soft">
        <Ago at={key.lastUsedAt} reader={props.reader} />
      </td>
      <td class="wide-only">
        <DailyUse used={key.dailyUsed} limit={key.dailyLimit} />
      </td>
      <td class="c-acts">
        <KeyRowActions view={key} />
      </td>
    </tr>
  );
}

/** Why a key is out, in the sentence that the pool found for it. */
function Reason(props: { text: string | null }) {
  if (props.text === null) return "";
  return (
    <span class="reason" title={attr(props.text)} safe>
      {props.text}
    </span>
  );
}

/** Side by side on wide screens; on a phone the same buttons open as a menu. */
function KeyRowActions(props: { view: KeyView }) {
  const { id, name, enabled } = props.view;
  const menu = `acts-${attr(id)}`;
  const look = { look: "bare", small: true, iconOnly: true } as const;
  return (
    <>
      <button
        type="button"
        class="bare icon-only phone-only"
        popovertarget={menu}
        aria-label={attr(`More for ${name}`)}
      >
        <Icon name="more" />
      </button>
      <form method="post" id={menu} popover="auto" class="row-acts">
        <ActionButton
          to={keyPath(id, "test")}
          method="post"
          icon="test"
          label="Test"
          title={`Test ${name}`}
          {...look}
        />
        {enabled ? (
          <ActionButton
            to={keyPath(id, "disable")}
            method="post"
            icon="power"
            label="Disable"
            title={`Disable ${name}`}
            {...look}
          />
        ) : (
          <ActionButton
            to={keyPath(id, "enable")}
            method="post"
            icon="power"
            label="Enable"
            title={`Enable ${name}`}
            {...look}
          />
        )}
        <ActionButton
          to={keyPath(id, "edit")}
          method="get"
          icon="edit"
          label="Edit"
          title={`Edit ${name}`}
          {...look}
        />
        <ActionButton
          to={keyPath(id, "delete")}
          method="get"
          icon="delete"
          label="Delete"
          title={`Delete ${name}`}
          {...look}
        />
      </form>
    </>
  );
}

/** A key below this share of successes, over enough attempts to tell, is marked. */
const POOR_SHARE = 0.9;
const ENOUGH_ATTEMPTS = 10;

function judged(key: KeyView): number {
  return key.successCount + key.failureCount;
}

function success(key: KeyView): string {
  return judged(key) === 0 ? UNKNOWN : percent(key.successCount, judged(key));
}

function isPoor(key: KeyView): boolean {
  return judged(key) >= ENOUGH_ATTEMPTS && key.successCount < POOR_SHARE * judged(key);
}
