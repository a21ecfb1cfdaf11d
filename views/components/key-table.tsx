import type { KeyRecent, KeyView } from "../../src/types.ts";
import { attr } from "../attr.ts";
import type { Reader } from "../format.ts";
import { keyPath } from "../links.ts";
import { plural } from "../verdicts.ts";
import { ActionButton } from "./button.tsx";
import { Icon } from "./icon.tsx";
import { InlineValue } from "./inline-field.tsx";
import { isOld, OldMark } from "./key-age.tsx";
import { KeyChip } from "./key-chip.tsx";
import { KEY_COLUMNS, KeyCell, type KeyCells, type KeyColumn, successText } from "./key-columns.tsx";
import { KeyStatusBadge } from "./key-status.tsx";
import { SortHeader } from "./sort-header.tsx";
import { type KeyTest, TestNote } from "./test-note.tsx";

export interface KeyTableProps extends Omit<KeyCells, "view" | "recent"> {
  keys: KeyView[];
  /** Names of the columns to show. */
  columns: readonly string[];
  recents: ReadonlyMap<string, KeyRecent>;
  /** Tests of the last minute, by key. */
  tests: ReadonlyMap<string, KeyTest>;
  sort: string;
  /** The page's address under another order. */
  sortHref(sort: string): string;
  reader: Reader;
}

/** The form that the rows' boxes belong to: a table can't stand in it, for its rows have forms of their own. */
export const BULK_FORM = "bulk";

export function KeyTable(props: KeyTableProps) {
  const sorting = { sort: props.sort, href: props.sortHref };
  // Without pools, or with one upstream, the column would say nothing.
  const columns = KEY_COLUMNS.filter(
    ({ name }) => props.columns.includes(name) && (name !== "pool" || props.pools.size > 0),
  );
  return (
    <table class="cards keys">
      <thead>
        <tr>
          <th scope="col" class="c-pick">
            <input type="checkbox" id="pick-all" class="scripted" aria-label="Select all on this page" />
          </th>
          <SortHeader label="Key" by="name" {...sorting} />
          <SortHeader label="Status" by="status" {...sorting} />
          {columns.map((column) => (
            <ColumnHead column={column} {...sorting} />
          ))}
          <th scope="col">
            <span class="hidden-text">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.keys.map((key) => (
          <KeyRow
            cells={{ ...props, view: key, recent: props.recents.get(key.id) }}
            columns={columns}
            tests={props.tests}
          />
        ))}
      </tbody>
    </table>
  );
}

function ColumnHead(props: { column: KeyColumn; sort: string; href(sort: string): string }) {
  const { label, sort, title } = props.column;
  const className = classOf(props.column);
  if (sort !== undefined) {
    return (
      <SortHeader
        label={label}
        by={sort}
        sort={props.sort}
        href={props.href}
        className={className}
        title={title}
        descendingFirst
      />
    );
  }
  return (
    <th scope="col" class={className} title={title} safe>
      {label}
    </th>
  );
}

function KeyRow(props: {
  cells: KeyCells;
  columns: readonly KeyColumn[];
  tests: ReadonlyMap<string, KeyTest>;
}) {
  const { view: key, reader } = props.cells;
  const test = props.tests.get(key.id);
  return (
    <tr id={`key-${attr(key.id)}`} class={key.enabled ? undefined : "off"}>
      <td class="c-pick">
        <input
          type="checkbox"
          name="id"
          value={attr(key.id)}
          form={BULK_FORM}
          data-pick
          aria-label={attr(`Select ${key.name}`)}
        />
      </td>
      <td class="c-key">
        <KeyName view={key} />
        {isOld(key.createdAt, reader) ? <OldMark createdAt={key.createdAt} reader={reader} /> : ""}
        <span class="sub phone-only" safe>
          {`${plural(key.requestCount, "request")} · ${successText(props.cells)}`}
        </span>
      </td>
      <td class="c-status">
        <span class="line">
          <KeyStatusBadge view={key} reader={reader} />
          {test === undefined ? (
            <Reason text={key.status === "daily_limit_reached" ? null : key.statusReason} />
          ) : (
            <TestNote test={test} reader={reader} />
          )}
        </span>
      </td>
      {props.columns.map((column) => (
        <td class={classOf(column)}>
          <KeyCell column={column} cells={props.cells} />
        </td>
      ))}
      <td class="c-acts">
        <KeyRowActions view={key} />
      </td>
    </tr>
  );
}

/** With the way to change it in its place. */
export function KeyName(props: { view: KeyView }) {
  const { id, name, maskedSecret } = props.view;
  return (
    <InlineValue view={props.view} field="name">
      <KeyChip id={id} name={name} maskedSecret={maskedSecret} />
    </InlineValue>
  );
}

function classOf({ className, right }: KeyColumn): string {
  return `${className ?? "wide-only"}${right ? " right" : ""}`;
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

const ROW_ACTIONS = [
  { action: "test", label: "Test", icon: "test", method: "post" },
  { action: "disable", label: "Disable", icon: "power", method: "post" },
  { action: "enable", label: "Enable", icon: "power", method: "post" },
  { action: "edit", label: "Edit", icon: "edit", method: "get" },
  { action: "delete", label: "Delete", icon: "delete", method: "post" },
] as const;

/** Side by side on wide screens; on a phone the same buttons open as a menu. */
function KeyRowActions(props: { view: KeyView }) {
  const { id, name, enabled } = props.view;
  const menu = `acts-${attr(id)}`;
  const shown = ROW_ACTIONS.filter(({ action }) => action !== (enabled ? "enable" : "disable"));
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
        {shown.map(({ action, ...button }) => (
          <ActionButton
            to={keyPath(id, action)}
            title={`${button.label} ${name}`}
            look="bare"
            small
            iconOnly
            {...button}
          />
        ))}
      </form>
    </>
  );
}
