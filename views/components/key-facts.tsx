import type { KeyView, Pool } from "../../src/types.ts";
import type { Reader } from "../format.ts";
import { DailyUse } from "./daily-use.tsx";
import { Fact, FactOf, Facts } from "./facts.tsx";
import { KeyAge } from "./key-age.tsx";
import { Tags } from "./key-columns.tsx";
import { KeyStatusBadge } from "./key-status.tsx";
import { PoolChip } from "./pool-chip.tsx";
import { Ago } from "./time.tsx";

interface KeyFactsProps {
  view: KeyView;
  pool: Pool | undefined;
  upstreamName: string;
  defaultDailyLimit: number | null;
  reader: Reader;
}

/** How a key is configured. */
export function KeyFacts(props: KeyFactsProps) {
  const { view, reader } = props;
  const limit = view.dailyLimit ?? props.defaultDailyLimit;
  return (
    <section class="card">
      <header>
        <h2>Key</h2>
      </header>
      <div class="inside">
        <Facts>
          <FactOf label="Status">
            <KeyStatusBadge view={view} reader={reader} />
          </FactOf>
          <Fact label="Secret" value={view.maskedSecret} mono />
          <FactOf label="Pool">
            <PoolChip pool={props.pool} />
          </FactOf>
          <Fact label="Upstream" value={props.upstreamName} />
          <FactOf label="Tags">
            <Tags tags={view.tags} />
          </FactOf>
          <FactOf label="Today">
            <DailyUse used={view.dailyUsed} limit={limit} wide />
          </FactOf>
          <FactOf label="Added">
            <KeyAge createdAt={view.createdAt} reader={reader} />
          </FactOf>
          <FactOf label="Last used">
            <Ago at={view.lastUsedAt} reader={reader} />
          </FactOf>
        </Facts>
      </div>
    </section>
  );
}
