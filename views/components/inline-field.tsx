import type { PropsWithChildren } from "@elysiajs/html";
import type { KeyView } from "../../src/types.ts";
import { attr, SERVED_BY_HTMX } from "../attr.ts";
import { keyPath } from "../links.ts";
import { FieldError, Options, type SelectOption } from "./field.tsx";
import { Icon } from "./icon.tsx";

/** THE table of what can be changed in its place in the list. */
export const INLINE_FIELDS = {
  name: { verb: "Rename", label: "Name", maxlength: 100, text: (key: KeyView) => key.name },
  tags: { verb: "Retag", label: "Tags", maxlength: 1_000, text: (key: KeyView) => key.tags.join(", ") },
  daily_limit: {
    verb: "Limit",
    label: "Daily limit",
    maxlength: 13,
    text: (key: KeyView) => (key.dailyLimit === null ? "" : String(key.dailyLimit)),
  },
  pool_id: { verb: "Move", label: "Pool", maxlength: 100, text: (key: KeyView) => key.poolId ?? "" },
  priority: {
    verb: "Prioritise",
    label: "Priority",
    maxlength: 13,
    text: (key: KeyView) => String(key.priority),
  },
  weight: { verb: "Weigh", label: "Weight", maxlength: 13, text: (key: KeyView) => String(key.weight) },
} as const;
const NUMBERS: ReadonlySet<string> = new Set(["daily_limit", "priority", "weight"]);
export type InlineFieldName = keyof typeof INLINE_FIELDS;

export function isInlineField(name: string): name is InlineFieldName {
  return Object.hasOwn(INLINE_FIELDS, name);
}

interface InlineProps {
  view: KeyView;
  field: InlineFieldName;
}

const placeId = ({ view, field }: InlineProps) => `${field}-of-${attr(view.id)}`;
const fieldPath = ({ view, field }: InlineProps) => `${keyPath(view.id, "field")}?name=${field}`;

/** A value of the list with a pencil that puts a field in its place; without scripts it opens the whole form. */
export function InlineValue(props: PropsWithChildren<InlineProps>) {
  const { verb } = INLINE_FIELDS[props.field];
  return (
    <span class="inline" id={placeId(props)}>
      {props.children}
      <a
        class="pencil"
        href={keyPath(props.view.id, "edit")}
        title={verb}
        hx-get={fieldPath(props)}
        hx-target="closest .inline"
        hx-swap="outerHTML"
        {...SERVED_BY_HTMX}
      >
        <Icon name="edit" size={12} />
        <span class="hidden-text" safe>
          {`${verb} ${props.view.name}`}
        </span>
      </a>
    </span>
  );
}

/** The field in the value's place: Enter saves, Escape leaves it as it was. */
export function InlineForm(
  props: InlineProps & {
    value: string;
    error?: string;
    /** What can be chosen; undefined: it is typed. */
    options?: SelectOption[];
  },
) {
  const { label, maxlength } = INLINE_FIELDS[props.field];
  const id = `${placeId(props)}-field`;
  const control = {
    id,
    name: "value",
    "aria-label": attr(`${label} of ${props.view.name}`),
    "aria-describedby": props.error === undefined ? undefined : `${id}-error`,
    "aria-invalid": props.error === undefined ? undefined : ("true" as const),
    autofocus: true,
  };
  return (
    // Of the same kind and id as the value that it stands for, so that it is found and left alone as the list lives on.
    <span class="inline editing" id={placeId(props)} hx-morph-skip>
      <form
        method="post"
        action={fieldPath(props)}
        hx-post={fieldPath(props)}
        hx-target="closest .inline"
        hx-swap="outerHTML"
      >
        {props.options === undefined ? (
          <input
            {...control}
            value={attr(props.value)}
            inputmode={NUMBERS.has(props.field) ? "numeric" : undefined}
            maxlength={maxlength}
            autocomplete="off"
            spellcheck="false"
          />
        ) : (
          <select {...control}>
            <Options options={props.options} value={props.value} />
          </select>
        )}
        <button type="submit" class="small icon-only" aria-label="Keep" title="Keep">
          <Icon name="check" size={14} />
        </button>
        <a
          class="btn small bare icon-only"
          href="/keys"
          aria-label="Leave as it was"
          data-escape
          hx-get={`${fieldPath(props)}&shown=1`}
          hx-target="closest .inline"
          hx-swap="outerHTML"
        >
          <Icon name="close" size={14} />
        </a>
        <FieldError id={id} error={props.error} />
      </form>
    </span>
  );
}
