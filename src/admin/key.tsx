import { KeyPage } from "../../views/key.tsx";
import { keyNames } from "./key-names.ts";
import type { PageContext } from "./page-context.ts";
import { page } from "./render.tsx";

const EVENTS_SHOWN = 10;
const REQUESTS_SHOWN = 10;

export async function showKey(context: PageContext): Promise<Response> {
  const { operations } = context.deps;
  const settings = operations.settings.current();
  const view = await operations.keys.get(context.id);
  const about = { keyId: view.id, cursor: null };
  const requests = await operations.logs.requests({ kind: "request", limit: REQUESTS_SHOWN, ...about });
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
      requests={requests.data}
      names={
        await keyNames(
          operations.keys,
          requests.data.flatMap((request) => request.attempts.map((attempt) => attempt.keyId)),
        )
      }
      maxFailureCount={settings.maxFailureCount}
      defaultDailyLimit={settings.defaultDailyLimit}
      reader={context.reader}
    />
  );
  return page(context, { title: view.name, section: "/keys" }, body);
}
