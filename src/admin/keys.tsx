import { TESTED_RECENTLY_MS } from "../../views/components/test-note.tsx";
import { DEFAULT_SORT, type KeyListQuery, KeysPage, keyListHref } from "../../views/keys.tsx";
import { KEY_STATUSES, type KeyStatus } from "../types.ts";
import type { PageContext } from "./page-context.ts";
import { page } from "./render.tsx";

const PAGE_SIZE = 100;

export async function showKeys(context: PageContext): Promise<Response> {
  const { operations } = context.deps;
  const query = readQuery(context.url.searchParams);
  const found = await operations.keys.list({
    q: query.q || undefined,
    status: query.status || undefined,
    sort: query.sort,
    cursor: query.cursor || undefined,
    limit: PAGE_SIZE,
  });
  const pools = await operations.pools.list();
  const body = (
    <KeysPage
      query={query}
      keys={found.data}
      nextCursor={found.nextCursor}
      counts={operations.keys.counts()}
      pools={new Map(pools.map((pool) => [pool.id, pool]))}
      tests={context.tests.since(context.reader.now - TESTED_RECENTLY_MS)}
      reader={context.reader}
    />
  );
  return page(context, { title: "Keys", section: "/keys", address: keyListHref(query, {}) }, body);
}

/** What an address says that no list knows is passed over, so that an old link still opens. */
function readQuery(parameters: URLSearchParams): KeyListQuery {
  const status = parameters.get("status") ?? "";
  return {
    q: parameters.get("q")?.trim() ?? "",
    status: (KEY_STATUSES as readonly string[]).includes(status) ? (status as KeyStatus) : "",
    sort: parameters.get("sort") || DEFAULT_SORT,
    cursor: parameters.get("cursor") ?? "",
  };
}
