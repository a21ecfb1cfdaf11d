import { ago, duration, type Reader } from "../format.ts";
import { outcomeLook } from "../outcomes.ts";
import { Badge } from "./badge.tsx";
import { Clock } from "./time.tsx";

/** What the last test of a key came to. */
export interface KeyTest {
  at: number;
  outcome: string;
  latencyMs: number;
  /** One sentence for people. */
  message: string;
}

/** For so long a test is shown in the row of its key. */
export const TESTED_RECENTLY_MS = 60_000;

/** "Works 286 ms": in the key's row for a minute after the test. */
export function TestNote(props: { test: KeyTest; reader: Reader }) {
  const works = props.test.outcome === "ok";
  const look = outcomeLook(props.test.outcome);
  return (
    <Badge
      looks={look.looks}
      word={works ? "Works" : `Test: ${look.word}`}
      title={`${props.test.message} Tested ${ago(props.test.at, props.reader)}.`}
    >
      <span class="soft" safe>
        {duration(props.test.latencyMs)}
      </span>
    </Badge>
  );
}

/** The last test on a key's own page, with what was said. */
export function LastTest(props: { test: KeyTest | undefined; reader: Reader }) {
  return (
    <section class="card">
      <header>
        <h2>Last test</h2>
        {props.test !== undefined ? (
          <span class="sub">
            <Clock at={props.test.at} reader={props.reader} />
          </span>
        ) : null}
      </header>
      <div class="inside">
        {props.test === undefined ? (
          <p class="soft">Not tested since this program started.</p>
        ) : (
          <>
            <TestNote test={props.test} reader={props.reader} />
            <p class="sub wrap-text">
              <bdi safe>{props.test.message}</bdi>
            </p>
          </>
        )}
      </div>
    </section>
  );
}
