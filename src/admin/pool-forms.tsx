import { DeletePoolForm, PoolForm, type PoolFormValues } from "../../views/pool-form.tsx";
import { plural, totalKeys } from "../../views/verdicts.ts";
import { poolRevision } from "../operations/revision.ts";
import type { PoolInput } from "../operations/types.ts";
import type { Pool, Strategy } from "../types.ts";
import { FIRST_ICON, newPoolLook } from "./new-pool.ts";
import type { PageContext } from "./page-context.ts";
import { readForm } from "./page-form.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { done, doneElsewhere, formPage, placeOf } from "./render.tsx";
import { refusalOfChange, seenIn } from "./stale-form.ts";

const SECTION = "/pools";

export async function askForPool(context: PageContext): Promise<Response> {
  const look = await newPoolLook(context);
  return poolForm(context, null, { name: "", description: "", ...look, strategy: "" }, null);
}

export async function addPool(context: PageContext): Promise<Response> {
  const form = await readForm(context.request);
  try {
    const pool = await context.deps.operations.pools.add(
      { ...readPoolForm(form), name: form.get("name") ?? "" },
      context.actor,
    );
    return done(
      context,
      { kind: "ok", text: `${pool.name} added. Put keys into it next.` },
      `/pools/${pool.id}`,
    );
  } catch (error) {
    return poolForm(context, null, typed(form), refusalOf(error));
  }
}

export async function askForPoolChanges(context: PageContext): Promise<Response> {
  const pool = await context.deps.operations.pools.get(context.id);
  return poolForm(context, pool, valuesOf(pool), null, poolRevision(pool));
}

function valuesOf({ name, description, color, icon, strategy }: Pool): PoolFormValues {
  return { name, description, color, icon: icon || FIRST_ICON, strategy: strategy ?? "" };
}

export async function changePool(context: PageContext): Promise<Response> {
  const { pools } = context.deps.operations;
  const before = await pools.get(context.id);
  const form = await readForm(context.request);
  try {
    const after = await pools.edit(before.id, readPoolForm(form), context.actor, seenIn(form));
    return done(context, { kind: "ok", text: `${after.name} saved.` }, `/pools/${after.id}`);
  } catch (error) {
    const now = await pools.get(before.id);
    const inForce = { revision: poolRevision(now), values: valuesOf(now) };
    const { refusal, seen } = refusalOfChange(error, form, inForce);
    return poolForm(context, before, typed(form), refusal, seen);
  }
}

export async function askForPoolDeletion(context: PageContext): Promise<Response> {
  const { id, name } = await context.deps.operations.pools.get(context.id);
  const counts = context.deps.operations.keys.countsBy("poolId").get(id);
  const form = (
    <DeletePoolForm
      place={placeOf(context)}
      subject={{ id, name }}
      keys={counts === undefined ? 0 : totalKeys(counts)}
    />
  );
  return formPage(context, { title: `Delete ${name}`, section: SECTION }, form);
}

/** The keys go on without a pool. */
export async function deletePool(context: PageContext): Promise<Response> {
  const { pools, keys } = context.deps.operations;
  const { id, name } = await pools.get(context.id);
  const { run, ended } = await keys.bulk(
    { filter: { poolId: id } },
    { action: "move", poolId: null },
    context.actor,
  );
  await ended;
  await pools.remove(id, context.actor);
  const kept =
    run.changed === 0
      ? ""
      : ` Its ${plural(run.changed, "key")} ${run.changed === 1 ? "is" : "are"} in no pool now.`;
  const notice = { kind: "ok", text: `${name} deleted.${kept}` } as const;
  const openPage = URL.parse(context.request.headers.get("hx-current-url") ?? "")?.pathname;
  return openPage === `/pools/${id}`
    ? doneElsewhere(context, notice, "/pools")
    : done(context, notice, "/pools");
}

function readPoolForm(form: URLSearchParams): Partial<PoolInput> {
  const strategy = form.get("strategy");
  return {
    name: form.get("name") ?? undefined,
    description: form.get("description") ?? undefined,
    color: form.get("color") ?? undefined,
    icon: form.get("icon") ?? undefined,
    // What is no strategy stays for the operation to refuse in its own words.
    strategy: strategy === null ? undefined : strategy === "" ? null : (strategy as Strategy),
  };
}

function typed(form: URLSearchParams): PoolFormValues {
  const value = (name: keyof PoolFormValues) => form.get(name) ?? "";
  return {
    name: value("name"),
    description: value("description"),
    color: value("color"),
    icon: value("icon"),
    strategy: value("strategy"),
  };
}

function poolForm(
  context: PageContext,
  subject: Pick<Pool, "id" | "name"> | null,
  values: PoolFormValues,
  refusal: Refusal | null,
  seen = "",
): Promise<Response> | Response {
  const form = (
    <PoolForm
      place={placeOf(context)}
      subject={subject}
      seen={seen}
      values={values}
      errors={refusal?.fields ?? {}}
      message={refusal?.message}
      globalStrategy={context.deps.operations.settings.current().strategy}
    />
  );
  const title = subject === null ? "Add pool" : `Edit ${subject.name}`;
  return formPage(context, { title, section: SECTION, status: refusal === null ? 200 : 422 }, form);
}
