import type { KeyView, Pool, Strategy } from "../src/types.ts";
import { attr } from "./attr.ts";
import { ActionForm } from "./components/button.tsx";
import { CodeBlock } from "./components/code-block.tsx";
import { FactOf, Facts } from "./components/facts.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { PickList } from "./components/pick-list.tsx";
import { PoolMark } from "./components/pool-mark.tsx";
import { poolActions } from "./components/pool-table.tsx";
import { SearchField } from "./components/search-field.tsx";
import { StatusCounts } from "./components/status-counts.tsx";
import { exact, percent, type Reader } from "./format.ts";
import { href, keysHref, poolPath } from "./links.ts";
import { inWords } from "./setting-labels.ts";
import { STRATEGY_SENTENCES } from "./strategy-words.ts";
import { type KeyCounts, keysVerdict } from "./verdicts.ts";

/** Of both lists together; the address holds it. */
export interface PoolQuery {
  q: string;
  /** Cursors of the pool's own keys, and of the others. */
  own: string;
  others: string;
}

interface KeyPage {
  data: KeyView[];
  nextCursor: string | null;
  total: number;
}

interface PoolPageProps {
  pool: Pool;
  counts: KeyCounts | undefined;
  attempts: number;
  total: number;
  globalStrategy: Strategy;
  /** For clients that speak to this pool alone. */
  baseUrl: string;
  query: PoolQuery;
  own: KeyPage;
  others: KeyPage;
  pools: ReadonlyMap<string, Pool>;
  reader: Reader;
}

export function poolHref(id: string, query: PoolQuery, change: Partial<PoolQuery> = {}): string {
  return href(poolPath(id), { ...query, ...change });
}

export function PoolPage(props: PoolPageProps) {
  const { pool, query, reader } = props;
  const strategy = pool.strategy ?? props.globalStrategy;
  const here = (change: Partial<PoolQuery> = {}) => poolHref(pool.id, query, change);
  const pageLinks = (list: "own" | "others", page: KeyPage) => ({
    keys: page.data,
    total: page.total,
    first: query[list] === "" ? null : here({ [list]: "" }),
    next: page.nextCursor === null ? null : here({ [list]: page.nextCursor }),
  });
  return (
    <Live url={here()} now={reader.now}>
      <PageHead
        title={pool.name}
        verdict={
          pool.description || (props.counts === undefined ? "No keys yet." : keysVerdict(props.counts))
        }
        crumb={{ href: "/pools", label: "Pools", rest: pool.name }}
      >
        {poolActions(pool).map((action) => (
          <ActionForm {...action} look={action.label === "Delete" ? "bad" : undefined} />
        ))}
      </PageHead>
      <div class="columns even">
        <section class="card">
          <header>
            <PoolMark pool={pool} />
            <h2>Use it</h2>
          </header>
          <div class="inside stack">
            <CodeBlock id="pool-base-url" label="base URL of this pool" code={props.baseUrl} />
            <CodeBlock
              id="pool-header"
              label="or this header at the common base URL"
              code={`x-lb-pool: ${pool.name}`}
            />
          </div>
        </section>
        <section class="card">
          <header>
            <h2>About</h2>
          </header>
          <div class="inside">
            <Facts>
              <FactOf label="Strategy">
                <span safe>{`${inWords(strategy)}${pool.strategy === null ? ", as all" : ""}`}</span>
              </FactOf>
              <FactOf label="Keys">
                <StatusCounts counts={props.counts} href={(status) => keysHref({ pool: pool.id, status })} />
                <a class="push" href={attr(keysHref({ pool: pool.id }))}>
                  Show
                </a>
              </FactOf>
              <FactOf label="Today">
                <span safe>
                  {props.attempts === 0
                    ? "no requests"
                    : `${exact(props.attempts)} attempts, ${percent(props.attempts, props.total)} of all`}
                </span>
              </FactOf>
            </Facts>
            <p class="sub" safe>
              {STRATEGY_SENTENCES[strategy]}
            </p>
          </div>
        </section>
      </div>
      <div class="bar">
        <SearchField
          action={poolPath(pool.id)}
          value={query.q}
          placeholder="Name, end of key, tag"
          kept={{}}
        />
        <span class="sub">
          Tick keys and send them over<span class="scripted">, or drag them</span>.
        </span>
      </div>
      <div class="pick-lists">
        <PickList
          id="own-keys"
          title="In this pool"
          action={poolPath(pool.id, "keys")}
          to="out"
          submit="Take out"
          empty={query.q === "" ? "No keys yet: put some in from the other list." : "No key of it fits."}
          reader={reader}
          {...pageLinks("own", props.own)}
        />
        <PickList
          id="other-keys"
          title="Other keys"
          action={poolPath(pool.id, "keys")}
          to="in"
          submit="Put in"
          empty={query.q === "" ? "Every key is in this pool." : "No other key fits."}
          pools={props.pools}
          reader={reader}
          {...pageLinks("others", props.others)}
        />
      </div>
    </Live>
  );
}
