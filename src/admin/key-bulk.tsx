import { type AskedAction, BulkForm } from "../../views/bulk-form.tsx";
import { runText } from "../../views/components/bulk-progress.tsx";
import { LIMIT_FIELDS } from "../../views/components/limit-fields.tsx";
import type { Notice } from "../../views/components/notice.tsx";
import { plural } from "../../views/verdicts.ts";
import type { BulkAction, BulkChange, BulkRun, KeyLimits } from "../operations/types.ts";
import { filterOf, readKeyQuery } from "./key-query.ts";
import { withNewPool } from "./new-pool.ts";
import type { PageContext } from "./page-context.ts";
import { readForm } from "./page-form.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { backTo, done, formPage, placeOf } from "./render.tsx";

/** An answer waits so long for the end of a change; beyond it the page tells how far it is. */
const WAIT_MS = 700;
const MAX_IDS = 500;
/** They ask for something first, or whether it is meant. */
const ASKED: readonly string[] = ["delete", "move", "set_limits", "tags"] satisfies AskedAction[];

const CHANGES: Record<BulkAction, (form: URLSearchParams) => BulkChange> = {
  enable: () => ({ action: "enable" }),
  disable: () => ({ action: "disable" }),
  delete: () => ({ action: "delete" }),
  reset: () => ({ action: "reset" }),
  move: (form) => ({ action: "move", poolId: form.get("pool_id") || null }),
  set_limits: (form) => ({ action: "set_limits", limits: readLimits(form) }),
  add_tags: (form) => ({ action: "add_tags", tags: readTags(form) }),
  remove_tags: (form) => ({ action: "remove_tags", tags: readTags(form) }),
};

export async function changeKeys(context: PageContext): Promise<Response> {
  const form = await readForm(context.request);
  const isAll = form.get("all") === "1";
  const ids = isAll ? [] : [...new Set(form.getAll("id"))].slice(0, MAX_IDS);
  const action = form.get("action") ?? "";
  const back = backTo(context, "/keys");
  if (!isAll && ids.length === 0) return done(context, { kind: "bad", text: "Tick some keys first." }, back);
  if (ASKED.includes(action) && !form.has("sure"))
    return ask(context, form, action as AskedAction, ids, null);
  if (!Object.hasOwn(CHANGES, action))
    return done(context, { kind: "bad", text: "That can't be done with keys." }, back);
  const { keys } = context.deps.operations;
  const selection = isAll ? { filter: filterOf(readKeyQuery(form)) } : { ids };
  try {
    const { run, ended } = await withNewPool(context, form, () =>
      keys.bulk(selection, CHANGES[action as BulkAction](form), context.actor),
    );
    return told(context, run, ended, back);
  } catch (error) {
    const asked = action.endsWith("_tags") ? "tags" : action;
    return ask(context, form, asked as AskedAction, ids, refusalOf(error));
  }
}

export async function undoChange(context: PageContext): Promise<Response> {
  const { run, ended } = await context.deps.operations.keys.undoBulk(context.id, context.actor);
  return told(context, run, ended, "/keys");
}

export function stopChange(context: PageContext): Response {
  context.deps.operations.keys.stopBulk(context.id);
  return done(context, { kind: "ok", text: "Stopped. What was done stays." }, "/keys");
}

async function told(
  context: PageContext,
  run: BulkRun,
  ended: Promise<void>,
  back: string,
): Promise<Response> {
  await Promise.race([ended, Bun.sleep(WAIT_MS)]);
  const answer = done(context, noticeOf(run), back);
  if (context.part !== null) answer.headers.set("hx-trigger", "close-dialog, clear-picked, refresh-live");
  return answer;
}

const DONE: Record<BulkAction, string> = {
  enable: "enabled. They take their turn again.",
  disable: "disabled. Running requests finish.",
  delete: "deleted.",
  reset: "reset: cooldowns, strikes and ejections are cleared.",
  move: "moved.",
  set_limits: "limited.",
  add_tags: "tagged.",
  remove_tags: "untagged.",
};

function noticeOf(run: BulkRun): Notice {
  if (run.stopped !== null) return { kind: "bad", text: runText(run) };
  if (run.endedAt === null)
    return { kind: "ok", text: `${runText(run)}. How far it is stands above the list.` };
  const same = run.total - run.changed;
  const rest = same > 0 ? ` ${plural(same, "key")} ${same === 1 ? "was" : "were"} so already.` : "";
  const text = `${plural(run.changed, "key")} ${DONE[run.action]}${rest}`;
  return {
    kind: "ok",
    text,
    ...(run.action === "disable" && run.changed > 0 && { undo: `/keys/bulk/${run.id}/undo` }),
  };
}

async function ask(
  context: PageContext,
  form: URLSearchParams,
  action: AskedAction,
  ids: string[],
  refusal: Refusal | null,
): Promise<Response> {
  const { operations } = context.deps;
  const query = readKeyQuery(form);
  const amount =
    ids.length > 0 ? ids.length : (await operations.keys.list({ ...filterOf(query), limit: 1 })).total;
  const body = (
    <BulkForm
      place={placeOf(context)}
      action={action}
      query={query}
      ids={ids}
      amount={amount}
      values={Object.fromEntries(form)}
      errors={refusal?.fields ?? {}}
      message={refusal?.message}
      pools={await operations.pools.list()}
    />
  );
  const info = { title: plural(amount, "key"), section: "/keys", status: refusal === null ? 200 : 422 };
  return formPage(context, info, body);
}

/** Empty: as it is. 0: none. What is no number stays for the operation to refuse in its own words. */
function readLimits(form: URLSearchParams): KeyLimits {
  const limits: KeyLimits = {};
  for (const { name, field } of LIMIT_FIELDS) {
    const text = form.get(name)?.trim().replaceAll(",", "") ?? "";
    if (text !== "") limits[field] = text === "0" ? null : Number(text);
  }
  return limits;
}

function readTags(form: URLSearchParams): string[] {
  return (form.get("tags") ?? "").split(",");
}
