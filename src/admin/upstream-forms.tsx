import { DeleteUpstreamForm } from "../../views/upstream-delete.tsx";
import { AddUpstreamPage, EditUpstreamForm, type UpstreamFormValues } from "../../views/upstream-form.tsx";
import { ownPartsOf } from "../../views/upstream-words.ts";
import { plural, totalKeys } from "../../views/verdicts.ts";
import { upstreamRevision } from "../operations/revision.ts";
import type { UpstreamInput, UpstreamPreset } from "../operations/types.ts";
import { AUTH_STYLES, InputError, type Upstream } from "../types.ts";
import type { PageContext } from "./page-context.ts";
import { readForm } from "./page-form.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { done, doneElsewhere, formPage, page, placeOf } from "./render.tsx";
import { refusalOfChange, seenIn } from "./stale-form.ts";

const SECTION = "/upstreams";

type Chosen = UpstreamPreset | "own" | null;
/** A host, path part or account id; what else is typed there would change the address's meaning. */
const OWN_PART = /^[\w.-]{1,200}$/;

export async function askForUpstream(context: PageContext): Promise<Response> {
  const chosen = chosenOf(context, context.url.searchParams.get("preset"));
  const values: UpstreamFormValues =
    chosen === null || chosen === "own"
      ? {}
      : {
          name: await freeName(context, chosen.name),
          base_url: chosen.baseUrl,
          auth_style: chosen.authStyle,
        };
  return addPage(context, chosen, values, null, null);
}

export async function addUpstream(context: PageContext): Promise<Response> {
  const form = await readForm(context.request);
  const chosen = chosenOf(context, form.get("preset"));
  try {
    const input = { name: form.get("name") ?? "", ...readInput(form), baseUrl: addressOf(form, chosen) };
    const { id, name } = await context.deps.operations.upstreams.add(input, context.actor);
    return done(context, { kind: "ok", text: `${name} added. Give it keys next.` }, `/upstreams/${id}`);
  } catch (error) {
    return addPage(context, chosen ?? "own", typed(form), refusalOf(error), null);
  }
}

/** Asks the typed address for its models before anything is saved. */
export async function tryAddress(context: PageContext): Promise<Response> {
  const form = await readForm(context.request);
  const chosen = chosenOf(context, form.get("preset")) ?? "own";
  try {
    const address = addressOf(form, chosen);
    context.deps.keepOpen(context.request);
    const tried = URL.canParse(address)
      ? await context.deps.probeEndpoint(address.replace(/\/+$/, ""))
      : { isGood: false, message: "Give an address that begins with http:// or https://." };
    return addPage(context, chosen, typed(form), null, tried);
  } catch (error) {
    return addPage(context, chosen, typed(form), refusalOf(error), null);
  }
}

export async function askForUpstreamChanges(context: PageContext): Promise<Response> {
  const upstream = await context.deps.operations.upstreams.get(context.id);
  return editForm(context, upstream, valuesOf(upstream), null, upstreamRevision(upstream));
}

function valuesOf({ name, baseUrl, authStyle }: Upstream) {
  return { name, base_url: baseUrl, auth_style: authStyle };
}

export async function changeUpstream(context: PageContext): Promise<Response> {
  const { upstreams } = context.deps.operations;
  const before = await upstreams.get(context.id);
  const form = await readForm(context.request);
  try {
    const after = await upstreams.edit(before.id, readInput(form), context.actor, seenIn(form));
    const cleared =
      after.baseUrl === before.baseUrl || keysOf(context, after.id) === 0
        ? ""
        : " The status of its keys is cleared.";
    return done(context, { kind: "ok", text: `${after.name} saved.${cleared}` }, `/upstreams/${after.id}`);
  } catch (error) {
    const now = await upstreams.get(before.id);
    const inForce = { revision: upstreamRevision(now), values: valuesOf(now) };
    const { refusal, seen } = refusalOfChange(error, form, inForce);
    return editForm(context, before, typed(form), refusal, seen);
  }
}

export async function askForUpstreamDeletion(context: PageContext): Promise<Response> {
  const { upstreams } = context.deps.operations;
  const subject = await upstreams.get(context.id);
  const form = (
    <DeleteUpstreamForm
      place={placeOf(context)}
      subject={subject}
      keys={keysOf(context, subject.id)}
      others={(await upstreams.list()).filter(({ id }) => id !== subject.id)}
    />
  );
  return formPage(context, { title: `Delete ${subject.name}`, section: SECTION }, form);
}

export async function deleteUpstream(context: PageContext): Promise<Response> {
  const { upstreams, keys } = context.deps.operations;
  const { id, name } = await upstreams.get(context.id);
  const form = await readForm(context.request);
  const what = form.get("keys");
  let told = "";
  if (what === "move") {
    const { moved, left } = await upstreams.moveKeys(id, form.get("to") ?? "", context.actor);
    if (left > 0) {
      const text = `${name} is still there: ${plural(left, "key")} of it can't move, for their secrets are there already. ${plural(moved, "key")} moved.`;
      return done(context, { kind: "bad", text }, `/upstreams/${id}`);
    }
    if (moved > 0) told = ` ${plural(moved, "key")} moved.`;
  }
  if (what === "delete") {
    const { run, ended } = await keys.bulk(
      { filter: { upstreamId: id } },
      { action: "delete" },
      context.actor,
    );
    await ended;
    if (run.changed > 0) told = ` ${plural(run.changed, "key")} deleted with it.`;
  }
  await upstreams.remove(id, context.actor);
  const notice = { kind: "ok", text: `${name} deleted.${told}` } as const;
  const openPage = URL.parse(context.request.headers.get("hx-current-url") ?? "")?.pathname;
  return openPage === `/upstreams/${id}`
    ? doneElsewhere(context, notice, "/upstreams")
    : done(context, notice, "/upstreams");
}

function chosenOf({ deps }: PageContext, name: string | null): Chosen {
  if (name === "own") return "own";
  return deps.operations.upstreams.presets().find((preset) => preset.name === name) ?? null;
}

/** The preset's name, or with a number where it is taken. */
async function freeName({ deps }: PageContext, name: string): Promise<string> {
  const taken = new Set((await deps.operations.upstreams.list()).map((one) => one.name.toLowerCase()));
  let free = name;
  for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${name} ${number}`;
  return free;
}

/** A preset's address with one's own parts put in, or the one that was typed. */
function addressOf(form: URLSearchParams, chosen: Chosen): string {
  const parts = chosen === null || chosen === "own" ? [] : ownPartsOf(chosen);
  if (chosen === null || chosen === "own" || parts.length === 0) return form.get("base_url") ?? "";
  let address = chosen.baseUrl;
  const problems: Record<string, string> = {};
  for (const [part] of parts) {
    const given = form.get(`part_${part}`)?.trim() ?? "";
    if (!OWN_PART.test(given)) problems[`part_${part}`] = "give letters, digits, dots, - and _ only";
    address = address.replace(part, given);
  }
  if (Object.keys(problems).length > 0) throw new InputError("Check the address.", problems);
  return address;
}

function readInput(form: URLSearchParams): Partial<UpstreamInput> {
  const style = form.get("auth_style");
  return {
    name: form.get("name") ?? undefined,
    baseUrl: form.get("base_url")?.trim() ?? undefined,
    authStyle: AUTH_STYLES.find((known) => known === style),
  };
}

function typed(form: URLSearchParams): UpstreamFormValues {
  return Object.fromEntries(form);
}

function keysOf({ deps }: PageContext, upstreamId: string): number {
  const counts = deps.operations.keys.countsBy("upstreamId").get(upstreamId);
  return counts === undefined ? 0 : totalKeys(counts);
}

function addPage(
  context: PageContext,
  chosen: Chosen,
  values: UpstreamFormValues,
  refusal: Refusal | null,
  tried: { isGood: boolean; message: string } | null,
): Promise<Response> {
  const body = (
    <AddUpstreamPage
      presets={context.deps.operations.upstreams.presets()}
      chosen={chosen}
      values={values}
      errors={refusal?.fields ?? {}}
      message={refusal?.message}
      tried={tried}
    />
  );
  return page(
    context,
    { title: "Add upstream", section: SECTION, status: refusal === null ? 200 : 422 },
    body,
  );
}

function editForm(
  context: PageContext,
  subject: { id: string; name: string },
  values: UpstreamFormValues,
  refusal: Refusal | null,
  seen: string,
): Promise<Response> | Response {
  const form = (
    <EditUpstreamForm
      place={placeOf(context)}
      subject={subject}
      seen={seen}
      keys={keysOf(context, subject.id)}
      values={values}
      errors={refusal?.fields ?? {}}
      message={refusal?.message}
    />
  );
  const status = refusal === null ? 200 : 422;
  return formPage(context, { title: `Edit ${subject.name}`, section: SECTION, status }, form);
}
