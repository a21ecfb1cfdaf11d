import {
  INLINE_FIELDS,
  type InlineFieldName,
  InlineForm,
  isInlineField,
} from "../../views/components/inline-field.tsx";
import { KEY_COLUMNS, KeyCell } from "../../views/components/key-columns.tsx";
import { KeyName } from "../../views/components/key-table.tsx";
import { ToastPartial } from "../../views/components/notice.tsx";
import { poolOptions } from "../../views/components/pool-field.tsx";
import { keyPath } from "../../views/links.ts";
import type { KeyPatch } from "../operations/types.ts";
import { type KeyView, NotFoundError } from "../types.ts";
import type { PageContext } from "./page-context.ts";
import { readForm } from "./page-form.ts";
import { refusalOf } from "./refusal.ts";
import { htmlResponse, redirect } from "./render.tsx";

const PATCHES: Record<InlineFieldName, (text: string) => KeyPatch> = {
  name: (text) => ({ name: text }),
  tags: (text) => ({ tags: text.split(",") }),
  // What is no number stays for the operation to refuse in its own words.
  daily_limit: (text) => ({ dailyLimit: text.trim() === "" ? null : readNumber(text) }),
  pool_id: (text) => ({ poolId: text === "" ? null : text }),
  priority: (text) => ({ priority: readNumber(text) }),
  weight: (text) => ({ weight: readNumber(text) }),
};

/** An empty field is no number either. */
function readNumber(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text.replaceAll(",", ""));
}

/** The field in the place of a value of the list, or, to leave it as it was, the value again. */
export async function showField(context: PageContext): Promise<Response> {
  const field = fieldOf(context);
  const view = await context.deps.operations.keys.get(context.id);
  if (context.part === null) return redirect(keyPath(view.id, "edit"));
  if (context.url.searchParams.has("shown")) return htmlResponse(await shownAgain(context, view, field));
  const value = INLINE_FIELDS[field].text(view);
  const options = await optionsOf(context, field);
  return htmlResponse(<InlineForm view={view} field={field} value={value} options={options} />);
}

export async function changeField(context: PageContext): Promise<Response> {
  const { keys } = context.deps.operations;
  const field = fieldOf(context);
  const value = (await readForm(context.request)).get("value") ?? "";
  const before = await keys.get(context.id);
  try {
    const view = await keys.edit(before.id, PATCHES[field](value), context.actor);
    if (context.part === null) return redirect("/keys");
    const shown = await shownAgain(context, view, field);
    const content = (
      <>
        {shown as "safe"}
        <ToastPartial kind="ok" text={`${view.name} saved.`} />
      </>
    );
    return htmlResponse(content, 200, [["hx-trigger", "refresh-live"]]);
  } catch (error) {
    const { message, fields } = refusalOf(error);
    const problem = { value, error: fields[field] ?? message };
    const options = await optionsOf(context, field);
    const form = <InlineForm view={before} field={field} {...problem} options={options} />;
    // 200: the answer belongs where the field stands.
    return htmlResponse(form);
  }
}

function fieldOf({ url }: PageContext): InlineFieldName {
  const name = url.searchParams.get("name") ?? "";
  if (isInlineField(name)) return name;
  throw new NotFoundError("This can't be changed in the list.");
}

async function optionsOf({ deps }: PageContext, field: InlineFieldName) {
  return field === "pool_id" ? poolOptions(await deps.operations.pools.list()) : undefined;
}

async function shownAgain(context: PageContext, view: KeyView, field: InlineFieldName): Promise<JSX.Element> {
  const column = KEY_COLUMNS.find(({ inline }) => inline === field);
  if (column === undefined) return <KeyName view={view} />;
  const { pools, settings } = context.deps.operations;
  const cells = {
    view,
    recent: undefined,
    pools: new Map((await pools.list()).map((pool) => [pool.id, pool])),
    upstreams: new Map(),
    defaultDailyLimit: settings.current().defaultDailyLimit,
    reader: context.reader,
  };
  return <KeyCell column={column} cells={cells} />;
}
