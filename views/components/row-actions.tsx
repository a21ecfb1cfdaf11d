import type { PropsWithChildren } from "@elysiajs/html";
import { attr } from "../attr.ts";
import { ActionButton } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";

export interface RowAction {
  to: string;
  method: "get" | "post";
  icon: IconName;
  label: string;
  /** Its word is seen beside its icon. */
  worded?: boolean;
}

/** What can be done with a row: side by side on wide screens; on a phone the same buttons open as a menu. */
export function RowActions(props: PropsWithChildren<{ id: string; name: string; actions: RowAction[] }>) {
  const menu = `acts-${attr(props.id)}`;
  return (
    <>
      <button
        type="button"
        class="bare icon-only phone-only"
        popovertarget={menu}
        aria-label={attr(`More for ${props.name}`)}
      >
        <Icon name="more" />
      </button>
      <form method="post" id={menu} popover="auto" class="row-acts">
        {props.actions.map(({ worded, ...action }) => (
          <ActionButton
            {...action}
            look="bare"
            small
            iconOnly={worded !== true}
            title={`${action.label} ${props.name}`}
          />
        ))}
      </form>
    </>
  );
}
