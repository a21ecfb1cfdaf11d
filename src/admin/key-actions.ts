import type { Notice } from "../../views/components/notice.tsx";
import { duration } from "../../views/format.ts";
import { outcomeLook } from "../../views/outcomes.ts";
import { plural } from "../../views/verdicts.ts";
import type { KeyView } from "../types.ts";
import type { PageContext } from "./page-context.ts";
import { backTo, done, doneElsewhere } from "./render.tsx";

/** "Test keys" tests so many at most, so many at once. */
const MAX_TESTED = 100;
const TESTED_AT_ONCE = 8;

export async function enableKey(context: PageContext): Promise<Response> {
  return switchKey(context, true);
}

export async function disableKey(context: PageContext): Promise<Response> {
  return switchKey(context, false);
}

async function switchKey(context: PageContext, enabled: boolean): Promise<Response> {
  const { keys } = context.deps.operations;
  const { id, name } = await keys.get(context.id);
  await keys.setEnabled([id], enabled, context.actor);
  const notice: Notice = enabled
    ? { kind: "ok", text: `${name} enabled. It takes its turn again.` }
    : { kind: "ok", text: `${name} disabled. Running requests finish.`, undo: `/keys/${id}/enable` };
  return done(context, notice, backTo(context, "/keys"));
}

/** At once and without a question: for a while it can be brought back as it was. */
export async function deleteKey(context: PageContext): Promise<Response> {
  const { keys } = context.deps.operations;
  const { id, name } = await keys.get(context.id);
  await keys.remove([id], context.actor);
  const notice: Notice = { kind: "ok", text: `${name} deleted.`, undo: `/keys/${id}/restore` };
  const openPage = URL.parse(context.request.headers.get("hx-current-url") ?? "")?.pathname;
  if (openPage === `/keys/${id}`) return doneElsewhere(context, notice, "/keys");
  const back = backTo(context, "/keys");
  return done(context, notice, back === `/keys/${id}` ? "/keys" : back);
}

export async function restoreKey(context: PageContext): Promise<Response> {
  const { name } = await context.deps.operations.keys.restore(context.id, context.actor);
  return done(context, { kind: "ok", text: `${name} is back, with its counters.` }, backTo(context, "/keys"));
}

export async function resetKey(context: PageContext): Promise<Response> {
  const { keys } = context.deps.operations;
  const { id, name } = await keys.get(context.id);
  await keys.reset([id], context.actor);
  const text = `${name} reset: its cooldowns, strikes and ejection are cleared.`;
  return done(context, { kind: "ok", text }, backTo(context, `/keys/${id}`));
}

export async function testKey(context: PageContext): Promise<Response> {
  const key = await context.deps.operations.keys.get(context.id);
  const test = await runTest(context, key);
  const took = duration(test.latencyMs);
  const works = test.outcome === "ok";
  const text = works
    ? `${key.name} works: answered in ${took}.`
    : `${key.name}: ${outcomeLook(test.outcome).word}. ${test.message}`;
  return done(context, { kind: works ? "ok" : "bad", text }, backTo(context, `/keys/${key.id}`));
}

/** Tests the keys that are switched on, the oldest first, and says what came of it. */
export async function testKeys(context: PageContext): Promise<Response> {
  const { data } = await context.deps.operations.keys.list({ limit: MAX_TESTED });
  const waiting = data.filter((key) => key.enabled);
  const outcomes = new Map<string, number>();
  const worker = async () => {
    for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
      const { outcome } = await runTest(context, key);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  const tested = waiting.length;
  await Promise.all(Array.from({ length: TESTED_AT_ONCE }, worker));
  const works = outcomes.get("ok") ?? 0;
  const others = [...outcomes].filter(([outcome]) => outcome !== "ok");
  const parts = [
    works === tested ? "all work" : `${works} work`,
    ...others.map(([outcome, amount]) => `${amount} ${outcomeLook(outcome).word}`),
  ];
  const text = `${plural(tested, "key")} tested: ${parts.join(", ")}.`;
  return done(context, { kind: others.length === 0 ? "ok" : "bad", text }, backTo(context, "/keys"));
}

async function runTest({ deps, tests, actor, request }: PageContext, key: KeyView) {
  deps.keepOpen(request);
  const { outcome, latencyMs, message } = await deps.operations.keys.test(key.id, actor);
  const test = { at: deps.clock.now(), outcome, latencyMs, message };
  tests.remember(key.id, test);
  return test;
}
