import { outcomeLook } from "../outcomes.ts";
import { plural } from "../verdicts.ts";
import { Badge } from "./badge.tsx";
import type { KeyTest } from "./test-note.tsx";

/** What testing the keys came to, by outcome: how many, what was said to one of them, what to do. */
export function TestsSummary(props: { tests: KeyTest[] }) {
  const groups = [...Map.groupBy(props.tests, ({ outcome }) => outcome)];
  return (
    <ul class="test-groups" aria-label="What the test came to">
      {groups.map(([outcome, tests]) => {
        const { looks, word } = outcomeLook(outcome);
        const works = outcome === "ok";
        const came = works ? (tests.length === 1 ? " works" : " work") : `: ${word}`;
        return (
          <li>
            <Badge looks={looks} word={plural(tests.length, "key") + came} />
            {!works && <Why said={tests[0]!.message} outcome={outcome} />}
          </li>
        );
      })}
    </ul>
  );
}

/** Then no key is at fault: what answered is not the provider whose keys they are. */
const OF_THE_ADDRESS = new Set(["upstream_error", "upstream_timeout", "not_an_api_answer"]);

function Why(props: { said: string; outcome: string }) {
  return (
    <span class="soft">
      <bdi safe>{props.said}</bdi>{" "}
      {OF_THE_ADDRESS.has(props.outcome) && <a href="/settings">Check the address</a>}
    </span>
  );
}
