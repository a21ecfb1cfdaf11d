import { DailyUse } from "../../views/components/daily-use.tsx";
import {
  INLINE_FIELDS,
  type InlineFieldName,
  InlineForm,
  InlineValue,
  isInlineField,
} from "../../views/components/inline-field.tsx";
import { KeyChip } from "../../views/components/key-chip.tsx";
import { Tags } from "../../views/components/key-columns.tsx";
import { ToastPartial } from "../../views/components/notice.tsx";
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
  daily_limit: (text) => ({ dailyLimit: text.trim() === "" ? null : Number(text.replaceAll(",", "")) }),
};

/** The field in the place of a value of the list, or, to leave it as it was, the value again. */
export async function showField(context: PageContext): Promise<Response> {
  const field = fieldOf(context);
  const view = await context.deps.operations.keys.get(context.id);
  if (context.part === null) return redirect(keyPath(view.id, "edit"));
  if (context.url.searchParams.has("shown")) return htmlResponse(shownAgain(context, view, field));
  return htmlResponse(<InlineForm view={view} field={field} value={INLINE_FIELDS[field].text(view)} />);
}

export async function changeField(context: PageContext): Promise<Response> {
  const { keys } = context.deps.operations;
  const field = fieldOf(context);
  const value = (await readForm(context.request)).get("value") ?? "";
  const before = await keys.get(context.id);
  try {
    const view = await keys.edit(before.id, PATCHES[field](value), context.actor);
    if (context.part === null) return redirect("/keys");
    const content = (
      <>
        {shownAgain(context, view, field)}
        <ToastPartial kind="ok" text={`${view.name} saved.`} />
      </>
    );
    return htmlResponse(content, 200, [["hx-trigger", "refresh-live"]]);
  } catch (error) {
    const { message, fields } = refusalOf(error);
    const form = <InlineForm view={before} field={field} value={value} error={fields[field] ?? message} />;
    // 200: the answer belongs where the field stands.
    return htmlResponse(form);
  }
}

function fieldOf({ url }: PageContext): InlineFieldName {
  const name = url.searchParams.get("name") ?? "";
  if (isInlineField(name)) return name;
  throw new NotFoundError("This can't be changed in the list.");
}

function shownAgain({ deps }: PageContext, view: KeyView, field: InlineFieldName): JSX.Element {
  return (
    <InlineValue view={view} field={field}>
      {field === "name" && <KeyChip id={view.id} name={view.name} maskedSecret={view.maskedSecret} />}
      {field === "tags" && <Tags tags={view.tags} />}
      {field === "daily_limit" && (
        <DailyUse
          used={view.dailyUsed}
          limit={view.dailyLimit ?? deps.operations.settings.current().defaultDailyLimit}
        />
      )}
    </InlineValue>
  );
}
