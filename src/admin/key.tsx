import type { Failure } from "../../views/components/failures.tsx";
import { KeyPage } from "../../views/key.tsx";
import { CLIENT_OUTCOMES, type RequestRecord } from "../types.ts";
import { keyNames } from "./key-names.ts";
import type { PageContext } from "./page-context.ts";
import { page } from "./render.tsx";

const EVENTS_SHOWN = 10;
const REQUESTS_SHOWN = 10;
const FAILURES_SHOWN = 5;
/** Among so many requests its failures are looked for. */
const REQUESTS_LOOKED_AT = 100;

export async function showKey(context: PageContext): Promise<Response> {
  const { operations } = context.deps;
  const settings = operations.settings.current();
  const view = await operations.keys.get(context.id);
  const about = { keyId: view.id, cursor: null };
  const requests = await operations.logs.requests({ kind: "request", limit: REQUESTS_LOOKED_AT, ...about });
  const failures = failuresOn(view.id, requests.data).slice(0, FAILURES_SHOWN);
  const shown = requests.data.slice(0, REQUESTS_SHOWN);
  const events = await operations.logs.keyEvents({ kind: "key_event", limit: EVENTS_SHOWN, ...about });
  const pools = await operations.pools.list();
  const upstreams = await operations.upstreams.list();
  const body = (
    <KeyPage
      view={view}
      pool={pools.find((pool) => pool.id === view.poolId)}
      upstreamName={upstreams.find((upstream) => upstream.id === view.upstreamId)?.name ?? view.upstreamId}
      test={context.tests.last(view.id)}
      events={events.data}
      requests={shown}
      failures={failures}
      lookedAt={requests.data.length}
      names={
        await keyNames(
          operations.keys,
          failures.flatMap(({ servedByKeyId }) => servedByKeyId ?? []),
        )
      }
      maxFailureCount={settings.maxFailureCount}
      defaultDailyLimit={settings.defaultDailyLimit}
      reader={context.reader}
    />
  );
  return page(context, { title: view.name, section: "/keys" }, body);
}

/** Its failed attempts, newest first, without those that were the client's own doing. */
function failuresOn(keyId: string, requests: RequestRecord[]): Failure[] {
  return requests.flatMap((request) => {
    const last = request.attempts.at(-1);
    const failed = request.attempts.filter(
      (attempt) =>
        attempt.keyId === keyId && attempt.outcome !== "ok" && !CLIENT_OUTCOMES.has(attempt.outcome),
    );
    return failed.toReversed().map((attempt) => ({
      at: attempt.startedAt,
      requestId: request.id,
      keyId,
      model: request.model,
      status: attempt.status,
      outcome: attempt.outcome,
      reason: attempt.error ?? attempt.outcome,
      servedByKeyId: last?.outcome === "ok" ? last.keyId : null,
    }));
  });
}
