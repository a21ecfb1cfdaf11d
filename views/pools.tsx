import { STRATEGIES } from "../src/types.ts";
import { ActionForm } from "./components/button.tsx";
import { EmptyState } from "./components/empty-state.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { type PoolRow, PoolTable } from "./components/pool-table.tsx";
import { exact, type Reader } from "./format.ts";
import { inWords } from "./setting-labels.ts";
import { STRATEGY_SENTENCES } from "./strategy-words.ts";
import { plural } from "./verdicts.ts";

const POOLS_PATH = "/pools";

interface PoolsPageProps {
  rows: PoolRow[];
  /** Attempts today on all keys. */
  total: number;
  /** Keys that are in no pool. */
  without: number;
  globalStrategy: (typeof STRATEGIES)[number];
  reader: Reader;
}

/** Named groups of keys: how each does, and what leads requests to it. */
export function PoolsPage(props: PoolsPageProps) {
  const add = <ActionForm to={`${POOLS_PATH}/add`} method="get" icon="plus" label="Add pool" look="main" />;
  return (
    <Live url={POOLS_PATH} now={props.reader.now}>
      <PageHead title="Pools" verdict={verdict(props)}>
        {props.rows.length > 0 ? add : null}
      </PageHead>
      {props.rows.length === 0 ? (
        <EmptyState
          icon="layers"
          title="No pools yet"
          text="A pool is a named group of keys with a base URL of its own: production apart from experiments, one team apart from another. Without pools all keys serve all requests."
        >
          {add}
        </EmptyState>
      ) : (
        <section class="card" aria-label="List of pools">
          <div class="scroll">
            <PoolTable {...props} />
          </div>
        </section>
      )}
      <section class="card">
        <header>
          <h2>Strategies</h2>
          <span class="sub">How one of the available keys is chosen</span>
        </header>
        <div class="inside">
          <dl class="facts strategies">
            {STRATEGIES.map((strategy) => (
              <div>
                <dt safe>{inWords(strategy)}</dt>
                <dd>
                  <span safe>{STRATEGY_SENTENCES[strategy]}</span>
                  {strategy === props.globalStrategy ? <span class="tag">as all</span> : null}
                </dd>
              </div>
            ))}
          </dl>
        </div>
      </section>
    </Live>
  );
}

function verdict({ rows, without }: PoolsPageProps): string {
  if (rows.length === 0) return "All keys serve all requests.";
  return `${plural(rows.length, "pool")}. ${without === 0 ? "Every key is in one" : `${exact(without)} ${without === 1 ? "key is" : "keys are"} in none`}.`;
}
