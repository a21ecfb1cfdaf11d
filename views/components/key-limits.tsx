import type { KeyView } from "../../src/types.ts";
import { exact } from "../format.ts";
import { DailyUse } from "./daily-use.tsx";
import { FactOf, Facts } from "./facts.tsx";

/** A key's limits and how much of each is used now. */
export function KeyLimits(props: { view: KeyView; defaultDailyLimit: number | null }) {
  const { view } = props;
  const limits: { label: string; used: number | null; limit: number | null }[] = [
    { label: "Today", used: view.dailyUsed, limit: view.dailyLimit ?? props.defaultDailyLimit },
    { label: "Requests a minute", used: view.minuteRequests, limit: view.rpmLimit },
    { label: "Tokens a minute", used: view.minuteTokens, limit: view.tpmLimit },
    { label: "At once", used: view.inFlight, limit: view.maxConcurrency },
  ];
  return (
    <section class="card">
      <header>
        <h2>Limits</h2>
      </header>
      <div class="inside">
        <Facts>
          {limits.map(({ label, used, limit }) => (
            <FactOf label={label}>
              {limit === null ? (
                <span class="soft" safe>
                  {used === null ? "no limit" : `${exact(used)}, no limit`}
                </span>
              ) : (
                <DailyUse used={used ?? 0} limit={limit} wide />
              )}
            </FactOf>
          ))}
        </Facts>
      </div>
    </section>
  );
}
