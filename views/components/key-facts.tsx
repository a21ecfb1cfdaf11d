import type { KeyView, Pool } from "../../src/types.ts";
import { date, fullTime, type Reader, UNKNOWN } from "../format.ts";
import { DailyUse } from "./daily-use.tsx";
import { Fact, FactOf, Facts } from "./facts.tsx";
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

/** A key of this age is worth replacing. */
const OLD_DAYS = 90;
const DAY_MS = 86_400_000;

/** How a key is configured. */
export function KeyFacts(props: KeyFactsProps) {
  const { view, reader } = props;
  const ageDays = Math.floor((reader.now - view.createdAt) / DAY_MS);
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
            {view.tags.length === 0 ? (
              <span class="soft">{UNKNOWN}</span>
            ) : (
              <span class="tags">
                {view.tags.map((tag) => (
                  <bdi class="tag" safe>
                    {tag}
                  </bdi>
                ))}
              </span>
            )}
          </FactOf>
          <FactOf label="Today">
            <DailyUse used={view.dailyUsed} limit={limit} wide />
          </FactOf>
          <FactOf label="Added">
            <span title={fullTime(view.createdAt, reader)} safe>
              {date(view.createdAt, reader)}
            </span>
            {ageDays >= OLD_DAYS && <span class="badge loud is-ejected push">{ageDays} days old</span>}
          </FactOf>
          <FactOf label="Last used">
            <Ago at={view.lastUsedAt} reader={reader} />
          </FactOf>
        </Facts>
      </div>
    </section>
  );
}
