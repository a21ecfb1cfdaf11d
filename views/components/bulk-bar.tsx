import { attr } from "../attr.ts";
import { exact } from "../format.ts";
import { KEYS_PATH, type KeyListQuery, listParameters } from "../key-list.ts";
import { Icon, type IconName } from "./icon.tsx";
import { BULK_FORM } from "./key-table.tsx";

const ACTIONS: { action: string; label: string; icon: IconName }[] = [
  { action: "enable", label: "Enable all", icon: "power" },
  { action: "disable", label: "Disable all", icon: "power" },
  { action: "move", label: "Move", icon: "folder" },
  { action: "set_limits", label: "Limits", icon: "gauge" },
  { action: "tags", label: "Tags", icon: "tag" },
  { action: "reset", label: "Reset all", icon: "reset" },
];

/** What can be done to the keys that are ticked. With scripts it comes up with the first of them. */
export function BulkBar(props: { query: KeyListQuery; shown: number; total: number }) {
  const path = `${KEYS_PATH}/bulk`;
  return (
    <form
      id={BULK_FORM}
      class="bulk"
      method="post"
      action={path}
      hx-post={path}
      hx-target="#dialog"
      hx-swap="innerHTML"
    >
      <QueryFields query={props.query} />
      <strong class="scripted">
        <span data-picked hx-morph-skip>
          0
        </span>{" "}
        selected
      </strong>
      {props.total > props.shown && (
        <label>
          <input type="checkbox" name="all" value="1" />
          <span safe>{`All ${exact(props.total)} that match`}</span>
        </label>
      )}
      {ACTIONS.map(({ action, label, icon }) => (
        <button type="submit" name="action" value={action} class="small bare">
          <Icon name={icon} size={14} />
          <span safe>{label}</span>
        </button>
      ))}
      <button type="submit" name="action" value="delete" class="small bare bad">
        <Icon name="delete" size={14} />
        <span>
          Delete{" "}
          <span data-picked hx-morph-skip>
            ticked
          </span>{" "}
          keys
        </span>
      </button>
      <button type="button" class="small bare icon-only scripted" aria-label="Select none" data-pick-none>
        <Icon name="close" size={14} />
      </button>
    </form>
  );
}

/** The state of the list inside a form, so that what is done there knows which keys match. */
export function QueryFields(props: { query: KeyListQuery; without?: readonly string[] }) {
  return (
    <>
      {Object.entries(listParameters({ ...props.query, cursor: "" }))
        .filter(([name]) => !props.without?.includes(name))
        .map(([name, value]) => (
          <input type="hidden" name={name} value={attr(value)} />
        ))}
    </>
  );
}
