import { TESTED_RECENTLY_MS } from "../../views/components/test-note.tsx";
import type { UpstreamRow } from "../../views/components/upstream-table.tsx";
import { UpstreamPage } from "../../views/upstream.tsx";
import { UpstreamsPage } from "../../views/upstreams.tsx";
import type { UpstreamOperations } from "../operations/types.ts";
import type { PageContext } from "./page-context.ts";
import { page } from "./render.tsx";

const SECTION = "/upstreams";
type ShownUpstream = Awaited<ReturnType<UpstreamOperations["get"]>>;

export async function showUpstreams(context: PageContext): Promise<Response> {
  const upstreams = await context.deps.operations.upstreams.list();
  const since = context.reader.now - TESTED_RECENTLY_MS;
  const rows = (await rowsOf(context, upstreams)).map((row) => ({
    ...row,
    test: row.test !== undefined && row.test.at >= since ? row.test : undefined,
  }));
  return page(
    context,
    { title: "Upstreams", section: SECTION },
    <UpstreamsPage rows={rows} reader={context.reader} />,
  );
}

export async function showUpstream(context: PageContext): Promise<Response> {
  const { upstreams } = context.deps.operations;
  const upstream = await upstreams.get(context.id);
  const [row] = await rowsOf(context, [upstream]);
  const body = (
    <UpstreamPage
      {...(row as UpstreamRow)}
      models={upstreams.models(upstream.id)}
      preset={upstreams.presetFor(upstream.baseUrl)}
      reader={context.reader}
    />
  );
  return page(context, { title: upstream.name, section: SECTION }, body);
}

async function rowsOf(context: PageContext, upstreams: ShownUpstream[]): Promise<UpstreamRow[]> {
  const { operations } = context.deps;
  const counts = operations.keys.countsBy("upstreamId");
  const { groups } = await operations.stats.read({ range: "1h", groupBy: "upstream" });
  const lately = new Map(groups.map(({ id, requests, errors }) => [id, { requests, errors }]));
  return upstreams.map((upstream) => ({
    upstream,
    counts: counts.get(upstream.id),
    lately: lately.get(upstream.id) ?? null,
    models: operations.upstreams.models(upstream.id)?.length ?? null,
    test: context.tests.last(upstream.id),
  }));
}
