import { ExportForm, RevealedSecret, RevealForm } from "../../views/secret-forms.tsx";
import { exportKeys } from "./api/key-export.ts";
import type { PageContext } from "./page-context.ts";
import { readForm } from "./page-form.ts";
import { formPage, placeOf } from "./render.tsx";

const SECTION = "/keys";
const SHOWN_FOR_S = 30;

export async function askForReveal(context: PageContext, error?: string): Promise<Response> {
  const subject = await context.deps.operations.keys.get(context.id);
  const form = <RevealForm place={placeOf(context)} subject={subject} error={error} />;
  const info = { title: "Show secret", section: SECTION, status: error === undefined ? 200 : 422 };
  return formPage(context, info, form);
}

export async function revealKey(context: PageContext): Promise<Response> {
  const { keys } = context.deps.operations;
  const refusal = await refusePassword(context, (await readForm(context.request)).get("password") ?? "");
  if (refusal !== null) return askForReveal(context, refusal);
  const subject = await keys.get(context.id);
  const secret = await keys.reveal(subject.id, context.actor);
  const body = (
    <RevealedSecret place={placeOf(context)} subject={subject} secret={secret} shownForS={SHOWN_FOR_S} />
  );
  const answer = await formPage(context, { title: "Secret", section: SECTION }, body);
  // Without scripts the browser itself leaves the page.
  if (context.part === null) answer.headers.set("refresh", `${SHOWN_FOR_S}; url=/keys/${subject.id}`);
  return answer;
}

export async function askForExport(context: PageContext, error?: string): Promise<Response> {
  const form = <ExportForm place={placeOf(context)} error={error} />;
  const info = { title: "Export keys", section: SECTION, status: error === undefined ? 200 : 422 };
  return formPage(context, info, form);
}

/** With the password secrets too. */
export async function downloadKeys(context: PageContext): Promise<Response> {
  const password = (await readForm(context.request)).get("password") ?? "";
  const refusal = password === "" ? null : await refusePassword(context, password);
  if (refusal !== null) return askForExport(context, refusal);
  const slices = await context.deps.operations.keys.exportAll(password !== "", context.actor);
  return exportKeys(slices, new Date(context.reader.now).toISOString().slice(0, 10));
}

/** The sentence to say beside the field; null where it is the right one. */
async function refusePassword({ deps, request }: PageContext, password: string): Promise<string | null> {
  const result = await deps.sessions.confirm({ password, client: deps.clientOf(request) });
  return result.ok ? null : result.message;
}
