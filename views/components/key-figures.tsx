import type { KeyView } from "../../src/types.ts";
import { count, exact, percent } from "../format.ts";
import { plural } from "../verdicts.ts";
import { Stat } from "./stat.tsx";

/** What a key did so far, and what it does now. `maxFailureCount`: the strikes in a row at which it is ejected. */
export function KeyFigures(props: { view: KeyView; maxFailureCount: number }) {
  const { view } = props;
  const judged = view.successCount + view.failureCount;
  const tokens = view.inputTokens + view.outputTokens;
  return (
    <dl class="card stats">
      <Stat
        label="Requests"
        value={count(view.requestCount)}
        title={exact(view.requestCount)}
        detail={`${exact(view.dailyUsed)} today`}
      />
      <Stat
        label="Success"
        value={percent(view.successCount, judged)}
        detail={`${exact(view.successCount)} ended well`}
      />
      <Stat
        label="Failures"
        value={count(view.failureCount)}
        title={exact(view.failureCount)}
        detail="key or host to blame"
      />
      <Stat
        label="Tokens"
        value={count(tokens)}
        title={exact(tokens)}
        detail={`${count(view.inputTokens)} in, ${count(view.outputTokens)} out`}
      />
      <Stat
        label="In flight"
        value={exact(view.inFlight)}
        unit={view.maxConcurrency === null ? undefined : `of ${exact(view.maxConcurrency)}`}
        detail="requests running now"
      />
      <Stat
        label="Strikes"
        value={exact(view.strikes)}
        unit={`of ${exact(props.maxFailureCount)}`}
        detail={
          view.ejections === 0 ? "failures in a row" : `ejected ${plural(view.ejections, "time")} in a row`
        }
      />
    </dl>
  );
}
