import { OTHER_PROVIDER, type ProviderChoice } from "../../views/components/provider-field.tsx";
import { KeyForm, type KeyFormProps, type KeyFormValues } from "../../views/key-form.tsx";
import { PasteForm, PasteReport } from "../../views/paste-form.tsx";
import { keyRevision } from "../operations/revision.ts";
import type { KeyPatch, Operations } from "../operations/types.ts";
import type { KeyView } from "../types.ts";
import { withNewPool } from "./new-pool.ts";
import type { PageContext } from "./page-context.ts";
import { readFileForm, readForm } from "./page-form.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { done, formPage, placeOf } from "./render.tsx";
import { refusalOfChange, seenIn } from "./stale-form.ts";

const SECTION = "/keys";

const NO_VALUES: KeyFormValues = {
  name: "",
  tags: "",
  pool_id: "",
  new_pool: "",
  upstream_id: "",
  daily_limit: "",
  rpm_limit: "",
  tpm_limit: "",
  max_concurrency: "",
  weight: "",
  priority: "",
};

export async function askForKey(context: PageContext): Promise<Response> {
  return keyForm(context, null, { ...NO_VALUES, ...(await placesAsked(context)) }, null);
}

/** The pool and the upstream that the address names (`?pool=`, `?upstream=`), where there are such. */
async function placesAsked({ deps, url }: PageContext): Promise<{ pool_id: string; upstream_id: string }> {
  const named = (name: string, list: { id: string }[]) =>
    list.find(({ id }) => id === url.searchParams.get(name))?.id ?? "";
  const { pools, upstreams } = deps.operations;
  return {
    pool_id: named("pool", await pools.list()),
    upstream_id: named("upstream", await upstreams.list()),
  };
}

export async function askForChanges(context: PageContext): Promise<Response> {
  const key = await context.deps.operations.keys.get(context.id);
  return keyForm(context, key, valuesOf(key), null, keyRevision(key));
}

function valuesOf(key: KeyView): KeyFormValues {
  return {
    name: key.name,
    tags: key.tags.join(", "),
    pool_id: key.poolId ?? "",
    new_pool: "",
    upstream_id: key.upstreamId,
    daily_limit: String(key.dailyLimit ?? ""),
    rpm_limit: String(key.rpmLimit ?? ""),
    tpm_limit: String(key.tpmLimit ?? ""),
    max_concurrency: String(key.maxConcurrency ?? ""),
    weight: String(key.weight),
    priority: String(key.priority),
  };
}

export async function addKey(context: PageContext): Promise<Response> {
  const form = await readForm(context.request);
  const { keys } = context.deps.operations;
  try {
    const key = await withNewPool(context, form, () =>
      keys.add({ ...readKeyForm(form), secret: form.get("secret") ?? "" }, context.actor),
    );
    return done(context, { kind: "ok", text: `${key.name} added. It takes its turn at once.` }, "/keys");
  } catch (error) {
    return keyForm(context, null, typedValues(form), refusalOf(error));
  }
}

export async function changeKey(context: PageContext): Promise<Response> {
  const { keys } = context.deps.operations;
  const form = await readForm(context.request);
  const secret = form.get("secret")?.trim();
  const key = await keys.get(context.id);
  try {
    const changed = await withNewPool(context, form, () =>
      keys.edit(key.id, { ...readKeyForm(form), ...(secret && { secret }) }, context.actor, seenIn(form)),
    );
    return done(context, { kind: "ok", text: `${changed.name} saved.` }, `/keys/${key.id}`);
  } catch (error) {
    const now = await keys.get(key.id);
    const inForce = { revision: keyRevision(now), values: { ...valuesOf(now) } };
    const { refusal, seen } = refusalOfChange(error, form, inForce);
    return keyForm(context, key, typedValues(form), refusal, seen);
  }
}

export async function askForPaste(context: PageContext): Promise<Response> {
  return pasteForm(context, new URLSearchParams(await placesAsked(context)), null);
}

/** Pasted text and a file's together: each line is reported on, whichever it came by. */
export async function pasteKeys(context: PageContext): Promise<Response> {
  let form = new URLSearchParams();
  try {
    const { fields, files } = await readFileForm(context.request);
    form = fields;
    const texts = await Promise.all(files.map((file) => file.text()));
    const text = [form.get("text") ?? "", ...texts].filter((part) => part.trim() !== "").join("\n");
    const { keys, settings } = context.deps.operations;
    const shared = () => ({
      poolId: form.get("pool_id") || undefined,
      upstreamId: form.get("upstream_id") || undefined,
    });
    const endpoint = endpointChosen(form);
    const report = await withNewPool(context, form, async () => {
      if (endpoint !== null && endpoint !== settings.current().apiEndpoint) {
        // A text without a key changes nothing.
        await keys.checkMany(text, shared());
        await settings.patch({ api_endpoint: endpoint }, context.actor);
      }
      return keys.addMany(text, shared(), context.actor);
    });
    const answer = await formPage(
      context,
      { title: "Paste many keys", section: SECTION },
      <PasteReport place={placeOf(context)} added={report.added} skipped={report.skipped} />,
    );
    answer.headers.set("hx-trigger", "refresh-live");
    return answer;
  } catch (error) {
    return pasteForm(context, form, refusalOf(error));
  }
}

/** The base URL that the form of the first visit asks for; null: the form did not ask. */
function endpointChosen(form: URLSearchParams): string | null {
  const provider = form.get("provider");
  return provider === OTHER_PROVIDER ? (form.get("api_endpoint") ?? "") : provider;
}

/** Addresses with a part of one's own are set up under Upstreams, which tells how to find it. */
export function providerChoice({ upstreams }: Operations, endpoint: string, error?: string): ProviderChoice {
  const providers = upstreams.presets().filter(({ baseUrl }) => !/[A-Z]{3}/.test(baseUrl));
  return { providers, endpoint, error };
}

async function keyForm(
  context: PageContext,
  key: KeyView | null,
  values: KeyFormProps["values"],
  refusal: Refusal | null,
  seen = "",
): Promise<Response> {
  const { operations } = context.deps;
  const title = key === null ? "Add key" : `Edit ${key.name}`;
  const upstreams = await operations.upstreams.list();
  const standard = upstreams.find((upstream) => upstream.isDefault)?.id ?? "";
  const form = (
    <KeyForm
      place={placeOf(context)}
      subject={key}
      seen={seen}
      values={{ ...values, upstream_id: values.upstream_id || standard }}
      errors={refusal?.fields ?? {}}
      message={refusal?.message}
      pools={await operations.pools.list()}
      upstreams={upstreams}
      defaultDailyLimit={operations.settings.current().defaultDailyLimit}
    />
  );
  return formPage(context, { title, section: SECTION, status: refusal === null ? 200 : 422 }, form);
}

async function pasteForm(
  context: PageContext,
  typed: URLSearchParams,
  refusal: Refusal | null,
): Promise<Response> {
  const { operations } = context.deps;
  const upstreams = await operations.upstreams.list();
  const endpoint = endpointChosen(typed);
  const form = (
    <PasteForm
      place={placeOf(context)}
      errors={refusal?.fields ?? {}}
      message={refusal?.message}
      poolId={typed.get("pool_id") ?? ""}
      newPool={typed.get("new_pool") ?? ""}
      pools={await operations.pools.list()}
      upstreamId={typed.get("upstream_id") || (upstreams.find(({ isDefault }) => isDefault)?.id ?? "")}
      upstreams={upstreams}
      provider={
        endpoint === null ? undefined : providerChoice(operations, endpoint, refusal?.fields.api_endpoint)
      }
    />
  );
  const info = { title: "Paste many keys", section: SECTION, status: refusal === null ? 200 : 422 };
  return formPage(context, info, form);
}

/** Fields that the form does not hold (no pools, one upstream) stay as they are. */
function readKeyForm(form: URLSearchParams): KeyPatch {
  const poolId = form.get("pool_id");
  const upstreamId = form.get("upstream_id");
  return {
    name: form.get("name") ?? undefined,
    tags: form.get("tags")?.split(","),
    dailyLimit: readLimit(form, "daily_limit"),
    rpmLimit: readLimit(form, "rpm_limit"),
    tpmLimit: readLimit(form, "tpm_limit"),
    maxConcurrency: readLimit(form, "max_concurrency"),
    weight: readLimit(form, "weight") ?? undefined,
    priority: readLimit(form, "priority") ?? undefined,
    ...(poolId === null ? {} : { poolId: poolId === "" ? null : poolId }),
    ...(upstreamId === null ? {} : { upstreamId }),
  };
}

/** Empty: none. What is no number stays for the operation to refuse in its own words. */
function readLimit(form: URLSearchParams, name: string): number | null | undefined {
  const text = form.get(name)?.trim();
  if (text === undefined) return undefined;
  return text === "" ? null : Number(text.replaceAll(",", ""));
}

function typedValues(form: URLSearchParams): KeyFormValues {
  const names = Object.keys(NO_VALUES) as (keyof KeyFormValues)[];
  return Object.fromEntries(names.map((name) => [name, form.get(name) ?? ""])) as unknown as KeyFormValues;
}
