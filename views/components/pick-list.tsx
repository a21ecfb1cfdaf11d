import type { KeyView, Pool } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { exact, type Reader } from "../format.ts";
import { Icon } from "./icon.tsx";
import { KeyChip } from "./key-chip.tsx";
import { KeyStatusBadge } from "./key-status.tsx";
import { Pager } from "./pager.tsx";

interface PickListProps {
  id: string;
  title: string;
  /** Where the ticked keys go; the field `to` says which way. */
  action: string;
  to: "in" | "out";
  submit: string;
  keys: KeyView[];
  /** All that fit, of which these are a page. */
  total: number;
  empty: string;
  /** Named beside keys that are in another one. */
  pools?: ReadonlyMap<string, Pool>;
  first: string | null;
  next: string | null;
  reader: Reader;
}

/**
 * One of two lists between which keys go: ticked and sent by its button, or dragged over to the other, which does the
 * same (`app.js`).
 */
export function PickList(props: PickListProps) {
  return (
    <form
      class="card pick-list"
      id={props.id}
      method="post"
      action={attr(props.action)}
      hx-post={attr(props.action)}
      hx-swap="none"
      data-drag-list
    >
      <input type="hidden" name="to" value={props.to} />
      <header>
        <h2 safe>{props.title}</h2>
        <span class="sub" safe>
          {exact(props.total)}
        </span>
        {props.keys.length > 0 ? (
          <button type="submit" class="small">
            <Icon name={props.to === "in" ? "plus" : "close"} size={14} />
            <span safe>{props.submit}</span>
          </button>
        ) : null}
      </header>
      <ul class="picks" tabindex="0" aria-label={attr(props.title)}>
        {props.keys.length === 0 ? (
          <li class="none" safe>
            {props.empty}
          </li>
        ) : (
          props.keys.map((key) => (
            <li id={`${props.id}-${attr(key.id)}`} draggable="true">
              <label>
                <input type="checkbox" name="key" value={attr(key.id)} />
                <KeyChip id={key.id} name={key.name} maskedSecret={key.maskedSecret} linked={false} />
                <InPool pool={key.poolId === null ? undefined : props.pools?.get(key.poolId)} />
              </label>
              <KeyStatusBadge view={key} reader={props.reader} />
              <button type="submit" name="key" value={attr(key.id)} hidden data-drag />
            </li>
          ))
        )}
      </ul>
      {props.first !== null || props.next !== null ? (
        <Pager
          text={`${exact(props.keys.length)} of ${exact(props.total)} shown`}
          first={props.first}
          next={props.next}
        />
      ) : null}
    </form>
  );
}

function InPool(props: { pool: Pool | undefined }) {
  if (props.pool === undefined) return "";
  return (
    <span class="sub cut">
      in <bdi safe>{props.pool.name}</bdi>
    </span>
  );
}
