import { duration } from "../../views/format.ts";
import { testAdvice } from "../../views/upstream-words.ts";
import { plural, sentence } from "../../views/verdicts.ts";
import type { PageContext } from "./page-context.ts";
import { backTo, done } from "./render.tsx";

/** An upstream without keys that asks for one is as it should be. */
const WANTS_A_KEY = "wants_a_key";

export async function testUpstream(context: PageContext): Promise<Response> {
  const { deps, tests } = context;
  const { id, name } = await deps.operations.upstreams.get(context.id);
  deps.keepOpen(context.request);
  const { outcome, status, latencyMs, message, keyName, models } = await deps.operations.upstreams.test(
    id,
    context.actor,
  );
  const wantsKey =
    keyName === null && status !== null && (outcome === "invalid_key" || outcome === "forbidden_key");
  const told = [
    outcome === "ok"
      ? `Answered in ${duration(latencyMs)}${keyName === null ? " without a key" : ` with ${keyName}`}.`
      : sentence(message),
    outcome === "ok" &&
      (models === null ? "It gave no list of models." : `It lists ${plural(models, "model")}.`),
    wantsKey ? "Add a key, then test again." : testAdvice(outcome, status),
  ].filter(Boolean);
  tests.remember(id, {
    at: deps.clock.now(),
    outcome: wantsKey ? WANTS_A_KEY : outcome,
    latencyMs,
    message: told.join(" "),
  });
  const kind = outcome === "ok" || wantsKey ? "ok" : "bad";
  return done(context, { kind, text: `${name}: ${told.join(" ")}` }, backTo(context, `/upstreams/${id}`));
}

export async function makeDefault(context: PageContext): Promise<Response> {
  const { upstreams } = context.deps.operations;
  const { name } = await upstreams.edit(context.id, { isDefault: true }, context.actor);
  const text = `${name} is the default upstream; the setting API endpoint follows.`;
  return done(context, { kind: "ok", text }, backTo(context, "/upstreams"));
}
