import { attr, SERVED_BY_HTMX } from "../attr.ts";
import { href } from "../links.ts";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonLook {
  icon?: IconName;
  label: string;
  /** Only the icon is seen; the label stays its accessible name. */
  iconOnly?: boolean;
  look?: "main" | "bad" | "bare" | "bare bad";
  small?: boolean;
  title?: string;
  /** Hidden on a phone. */
  wideOnly?: boolean;
}

function classes(props: ButtonLook): string | undefined {
  const list = [
    props.look,
    props.small && "small",
    props.iconOnly && "icon-only",
    props.wideOnly && "wide-only",
  ];
  return list.filter(Boolean).join(" ") || undefined;
}

function Inside(props: ButtonLook) {
  return (
    <>
      {props.icon && <Icon name={props.icon} size={props.small ? 14 : 16} />}
      {!props.iconOnly && <span safe>{props.label}</span>}
    </>
  );
}

/**
 * A button inside a form that does something by POST, or opens a page by GET; with scripts the answer comes into
 * the dialog or as a notice, without them by a whole page.
 */
export function ActionButton(
  props: ButtonLook & { to: string; method: "get" | "post"; attributes?: object },
) {
  const live =
    props.method === "get"
      ? { "hx-get": props.to, "hx-target": "#dialog", "hx-swap": "innerHTML" }
      : { "hx-post": props.to, "hx-swap": "none" };
  return (
    <button
      type="submit"
      formaction={props.to}
      formmethod={props.method}
      class={classes(props)}
      aria-label={props.iconOnly ? attr(props.label) : undefined}
      title={props.title && attr(props.title)}
      {...live}
      {...SERVED_BY_HTMX}
      {...props.attributes}
    >
      <Inside {...props} />
    </button>
  );
}

/** The same where no form stands around it. `fields`: what it says beside, those that are not empty. */
export function ActionForm(
  props: ButtonLook & {
    to: string;
    method: "get" | "post";
    attributes?: object;
    fields?: Record<string, string>;
  },
) {
  const fields = Object.entries(props.fields ?? {}).filter(([, value]) => value !== "");
  // A form sent by GET puts its fields in place of its address's own query; htmx sends none of them.
  const live = fields.length > 0 && { "hx-get": attr(href(props.to, Object.fromEntries(fields))) };
  return (
    <form action={props.to} method={props.method} class={props.wideOnly ? "wide-only" : undefined}>
      {fields.map(([name, value]) => (
        <input type="hidden" name={name} value={attr(value)} />
      ))}
      <ActionButton {...props} attributes={{ ...props.attributes, ...live }} />
    </form>
  );
}
