import { LogDrawer, LogPage, type LogPageProps } from "../../views/log.tsx";
import { keyNames } from "./key-names.ts";
import type { PageContext } from "./page-context.ts";
import { htmlResponse, page } from "./render.tsx";

/** One request's story: beside the page from which it was opened, or a page of its own. */
export async function showRequest(context: PageContext): Promise<Response> {
  const { operations, clientOf } = context.deps;
  const request = await operations.logs.request(context.id);
  const upstreams = await operations.upstreams.list();
  const pools = await operations.pools.list();
  const ids = request.attempts.map((attempt) => attempt.keyId);
  const scheme = clientOf(context.request).https ? "https" : "http";
  const props: LogPageProps = {
    request,
    names: await keyNames(operations.keys, ids),
    upstreams: new Map(upstreams.map((upstream) => [upstream.id, upstream.name])),
    pools: new Map(pools.map((pool) => [pool.id, pool])),
    origin: `${scheme}://${context.url.host}`,
    reader: context.reader,
  };
  if (context.part === "dialog") return htmlResponse(<LogDrawer {...props} />);
  return page(context, { title: "Request", section: "/logs" }, <LogPage {...props} />);
}
