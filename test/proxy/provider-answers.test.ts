import { expect, test } from "bun:test";
import { systemClock } from "../../src/clock.ts";
import type { KeyJson } from "../support/admin-client.ts";
import { type Piece, respond } from "../support/answers.ts";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { ok } from "../support/openai-answers.ts";
import { type ProviderCase, providerCases, WAIT_TOLERANCE_MS } from "./provider-cases.ts";

const KEYS = ["first-key-1", "second-key-1"];
const MODEL = "some-model";
/** So that a retry budget or a breaker of one case is over before the next. */
const BETWEEN_CASES_MS = 12_000;
/** What the requests themselves take while a wait runs. */
const SLACK_MS = 2_000;

/** Real time, moved to where a case wants it. */
function movableClock() {
  let wallOffset = 0;
  let monotonicOffset = 0;
  return {
    ...systemClock,
    now: () => Date.now() + wallOffset,
    monotonic: () => performance.now() + monotonicOffset,
    moveTo(wall: number) {
      wallOffset = wall - Date.now();
      monotonicOffset += BETWEEN_CASES_MS;
    },
  };
}

function answerOf(given: ProviderCase) {
  const pieces: Piece[] = given.chunks_base64?.map((chunk) => Buffer.from(chunk, "base64")) ?? [
    given.body_base64 === undefined ? (given.body ?? "") : Buffer.from(given.body_base64, "base64"),
  ];
  const { "content-length": _, ...headers } = given.headers;
  return respond({ status: given.status, headers, framing: "chunked", pieces });
}

/** What a case says of an answer that has no other key to go to, or went out before its error came. */
test("every provider's answer, through the front door: outcome, retry, wait and what the client sees", async () => {
  using upstream = startFakeUpstream();
  const clock = movableClock();
  // The client's coarse timer sees all the cases of a tick as one leap of the clock: no timeout may take that for its own.
  const settings = {
    first_byte_timeout_ms: 3_600_000,
    stream_first_byte_timeout_ms: 3_600_000,
    idle_stream_timeout_ms: 3_600_000,
  };
  await using app = await startApp({ upstream: upstream.url, keys: KEYS, clock, settings });
  const wrong: string[] = [];
  let judged = 0;
  for (const given of await providerCases()) {
    const { expect: right, stream = false } = given;
    clock.moveTo(given.now === undefined ? Date.parse("2026-11-24T12:00:00Z") : Date.parse(given.now));
    const fault = answerOf(given);
    const say = (what: string) => wrong.push(`${given.id}: ${what}`);

    // Another key would answer well: is it asked?
    const before = upstream.calls.length;
    upstream.override((call) => (call.index === before ? fault : ok()));
    const answer = await app.chat({ model: MODEL, stream });
    await answer.text().catch(() => "");
    const attempts = upstream.calls.length - before;
    // An error after output cannot be mended, whatever would have been right before it.
    const committed = stream && right.pass_through_status === 200;
    const goesOn = right.retry_on_another_key && !committed;
    if (attempts !== (goesOn ? 2 : 1)) say(`${attempts} attempts`);
    if (goesOn && answer.status !== 200) say(`status ${answer.status} although another key answers`);
    if (!goesOn && answer.status !== right.pass_through_status) say(`status ${answer.status}`);
    const failedKey = upstream.calls[before]?.secret ?? "";
    const key = (await app.keys()).find(({ name }) => name === failedKey);
    if (key === undefined) throw new Error("the key is gone");
    if (right.cooldown_ms !== null && !committed) checkWait(key, right.cooldown_ms, right.blame, say);
    judged += 1;

    // No key answers: what does the client see?
    if (goesOn) {
      await app.must("POST", "/keys/bulk", { action: "reset", ids: (await app.keys()).map(({ id }) => id) });
      clock.moveTo(clock.now());
      upstream.override(fault);
      const last = await app.chat({ model: MODEL, stream });
      await last.text().catch(() => "");
      if (last.status !== right.pass_through_status) say(`client sees ${last.status}`);
    }
    await app.must("POST", "/keys/bulk", { action: "reset", ids: (await app.keys()).map(({ id }) => id) });
  }
  expect(wrong).toEqual([]);
  expect(judged).toBeGreaterThan(700);

  function checkWait(key: KeyJson, waitMs: number, blame: string, say: (what: string) => void): void {
    const cooldown = key.cooldowns.find(({ model }) => model === (blame === "key_model" ? MODEL : null));
    if (cooldown === undefined) {
      if (waitMs > SLACK_MS) say(`no cooldown: ${JSON.stringify(key.cooldowns)} ${key.status}`);
      return;
    }
    const left = Date.parse(cooldown.until) - clock.now();
    if (left > waitMs + WAIT_TOLERANCE_MS || left < waitMs - WAIT_TOLERANCE_MS - SLACK_MS) {
      say(`cools ${left} ms instead of ${waitMs}`);
    }
  }
}, 120_000);
