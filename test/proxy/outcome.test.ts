import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type AnswerFacts,
  afterOutput,
  judgeAnswer,
  judgeFailure,
  judgeStreamEvent,
} from "../../src/proxy/outcome.ts";
import type { Verdict } from "../../src/types.ts";
import { type FailureKind, UpstreamFailure } from "../../src/upstream/types.ts";
import { judgeCase, providerCases, WAIT_TOLERANCE_MS } from "./provider-cases.ts";

const JSON_TYPE: [string, string] = ["content-type", "application/json"];
const NOW = Date.UTC(2025, 5, 1);

function judge(facts: Partial<AnswerFacts>): Verdict {
  return judgeAnswer({ status: 200, headers: [JSON_TYPE], body: "", stream: false, now: NOW, ...facts });
}

const cases = await providerCases();

describe("answers of providers", () => {
  test("there are at least 760 of them, each with a name of its own", () => {
    expect(cases.length).toBeGreaterThanOrEqual(760);
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  });

  for (const given of cases) {
    const { expect: right } = given;
    test(`${given.id}: ${right.outcome}`, () => {
      const verdict = judgeCase(given);
      expect({
        outcome: verdict.outcome,
        blame: verdict.blame,
        retry_on_another_key: verdict.retry,
        strike: verdict.strike,
        pass_through_status: verdict.clientStatus,
      }).toEqual({
        outcome: right.outcome,
        blame: right.blame,
        retry_on_another_key: right.retry_on_another_key,
        strike: right.strike,
        pass_through_status: right.pass_through_status,
      });
      if (right.cooldown_ms === null || verdict.cooldownMs === null) {
        expect(verdict.cooldownMs).toBe(right.cooldown_ms);
      } else {
        expect(Math.abs(verdict.cooldownMs - right.cooldown_ms)).toBeLessThanOrEqual(WAIT_TOLERANCE_MS);
      }
    });
  }

  test("every reason is one line of at most 500 characters without a key, empty only where all is well", () => {
    for (const given of cases) {
      const { reason, outcome } = judgeCase(given);
      expect(reason.length).toBeLessThanOrEqual(500);
      expect(reason).not.toMatch(/[\r\n\t]|sk-proj-FAKE|AIzaFAKE/);
      expect(reason === "").toBe(outcome === "ok");
    }
  });
});

describe("what the model says", () => {
  const words =
    'rate limit exceeded, Incorrect API key provided, {"error":{"message":"overloaded","code":503}}';

  test("is never searched, in an answer or in a stream", () => {
    const answer = { id: "x", choices: [{ message: { content: words }, finish_reason: "stop" }] };
    expect(judge({ body: JSON.stringify(answer) }).outcome).toBe("ok");
    const large = { id: "x", choices: [{ message: { content: words.repeat(2_000) } }] };
    expect(judge({ body: JSON.stringify(large) }).outcome).toBe("ok");
    expect(judgeStreamEvent(JSON.stringify({ choices: [{ delta: { content: words } }] }), NOW)).toBeNull();
  });

  test("is not searched in what an error echoes of the request either", () => {
    const error = {
      message: "Bad value",
      type: "invalid_request_error",
      failed_generation: words,
      input: words,
    };
    expect(judge({ status: 400, body: JSON.stringify({ error }) }).outcome).toBe("client_error");
  });
});

describe("200 without a stream", () => {
  test("a cut, empty or foreign body is no answer, whatever its size", () => {
    const bodies = [
      '{"choices":[',
      `{"a":"${"x".repeat(20_000)}`,
      `{"a":"${"x".repeat(80_000)}`,
      "",
      "null",
      "OK",
    ];
    for (const body of bodies) expect(judge({ body }).outcome).toBe("not_an_api_answer");
    expect(judge({ body: "OK", headers: [] }).outcome).toBe("not_an_api_answer");
  });

  test("other media types pass, JSON in them is read", () => {
    expect(judge({ body: "Hello", headers: [["content-type", "text/plain"]] }).outcome).toBe("ok");
    expect(judge({ body: "ID3\u0003", headers: [["content-type", "audio/mpeg"]] }).outcome).toBe("ok");
    expect(judge({ body: "<svg/>", headers: [["content-type", "image/svg+xml"]] }).outcome).toBe("ok");
    const hidden = {
      body: '{"error":"Unauthorized"}',
      headers: [["content-type", "text/plain"]] as [string, string][],
    };
    expect(judge(hidden).outcome).toBe("upstream_error");
  });

  test("a large answer whose fields merely look like an error's is well", () => {
    const filler = "x".repeat(9_000);
    expect(
      judge({ body: JSON.stringify({ object: "response", error: null, status: "completed", filler }) })
        .outcome,
    ).toBe("ok");
    expect(judge({ body: JSON.stringify({ code: 0, success: true, data: [filler] }) }).outcome).toBe("ok");
  });

  test("a large error is found by its first field, also when it was cut", () => {
    const error = `{"error":{"message":"Rate limit exceeded","code":429,"echo":"${"x".repeat(70_000)}"}}`;
    expect(judge({ body: error }).outcome).toBe("rate_limited");
    expect(judge({ body: error.slice(0, 65_536), truncated: true }).outcome).toBe("rate_limited");
    expect(judge({ body: `{"data":["${"x".repeat(65_000)}`, truncated: true }).outcome).toBe("ok");
  });

  test("no content may be no content", () => {
    for (const status of [202, 204, 304]) expect(judge({ status }).outcome).toBe("ok");
    expect(judge({ status: 204 }).clientStatus).toBe(204);
  });
});

describe("errors", () => {
  test("one that was cut off is still understood", () => {
    const body = `{"error":{"type":"authentication_error","message":"invalid x-api-key","echo":"${"x".repeat(70_000)}`;
    const verdict = judge({ status: 400, body, truncated: true });
    expect(verdict.outcome).toBe("invalid_key");
    expect(verdict.reason).toBe("invalid x-api-key (400)");
  });

  test("the reason holds the provider's sentence, cleaned, and neither the key used nor one that looks like it", () => {
    const secret = "my-odd-secret-1";
    const message = `Bad\nkey ${secret} or AIzaSyA1234567890\twas used`;
    const body = JSON.stringify({ error: { message } });
    const { reason } = judge({ status: 401, body, secrets: [secret] });
    expect(reason).toBe("Bad key [redacted] or [redacted] was used (401)");
  });

  test("a reason of any length is cut at 500 characters, never inside a character", () => {
    const { reason } = judge({ status: 400, body: JSON.stringify({ error: { message: "😀".repeat(900) } }) });
    expect(reason.length).toBeLessThanOrEqual(500);
    expect(reason).toEndWith("… (400)");
    expect(reason.isWellFormed()).toBe(true);
  });

  test("an empty one says so", () => {
    expect(judge({ status: 500, headers: [] }).reason).toBe("No explanation (500)");
  });

  test("a redirect tells where to, a page its title", () => {
    const redirect = judge({ status: 302, headers: [["location", "http://login.example.net/"]] });
    expect(redirect.reason).toBe("Redirect to http://login.example.net/ (302)");
    const page = judge({ status: 520, body: "<html><head><title>520: Unknown error</title></head></html>" });
    expect(page.reason).toBe("A web page, no API answer: 520: Unknown error (520)");
  });

  test("every status gives a verdict whose client status is one that a client may get", () => {
    for (let status = 400; status < 600; status += 1) {
      const verdict = judge({ status, body: "{}" });
      expect(verdict.outcome).not.toBe("ok");
      expect([401, 402, 403, 529]).not.toContain(verdict.clientStatus);
      expect(verdict.retry).toBe(verdict.blame !== "client");
    }
  });
});

describe("any answer", () => {
  test("gives a verdict that holds together", () => {
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc.record({ error: fc.anything() }).map((value) => JSON.stringify(value)),
    );
    const facts = fc.record({
      status: fc.integer({ min: 200, max: 599 }),
      body,
      stream: fc.boolean(),
      truncated: fc.boolean(),
    });
    fc.assert(
      fc.property(facts, (given) => {
        const verdict = judge(given);
        expect(verdict.strike).toBe(verdict.blame === "host");
        expect(verdict.reason.length).toBeLessThanOrEqual(500);
        expect(verdict.cooldownMs ?? 0).toBeWithin(0, 7 * 86_400_000 + 1);
        expect(verdict.retry).toBe(!["client", "none"].includes(verdict.blame));
        expect(verdict.outcome === "in_stream_error").toBe(verdict.cause !== undefined);
      }),
      { numRuns: 500 },
    );
  });
});

describe("streams", () => {
  const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
  const STREAM_TYPE: [string, string] = ["content-type", "text/event-stream"];
  const first = (body: string) => judge({ body, stream: true, headers: [STREAM_TYPE] });

  test("an error in the first event carries its true class", () => {
    const verdict = first(event({ error: { message: "Insufficient Balance", code: 402 } }));
    expect(verdict).toMatchObject({
      outcome: "in_stream_error",
      cause: "no_credit",
      blame: "key",
      clientStatus: 503,
    });
  });

  test("what follows the first event is left alone", () => {
    const good = event({ choices: [{ delta: { content: "Hi" } }] });
    expect(first(good + event({ error: { message: "late", code: 502 } })).outcome).toBe("ok");
  });

  test("an event named error is one, whatever its data", () => {
    expect(first("event: error\ndata: Internal failure\n\n")).toMatchObject({
      cause: "upstream_error",
      strike: true,
    });
    expect(first("event: error\ndata: The server is overloaded\n\n").cause).toBe("overloaded");
  });

  test("a first event that is cut or no JSON is no answer; one that is only longer than what was read is", () => {
    expect(first('data: {"choices":[').outcome).toBe("not_an_api_answer");
    expect(first("data: hello\n\n").outcome).toBe("not_an_api_answer");
    const long = { body: `data: {"choices":["${"x".repeat(9_000)}`, stream: true, truncated: true };
    expect(judge(long).outcome).toBe("ok");
  });

  test("a stream under another content type is judged as one", () => {
    expect(judge({ body: event({ choices: [{}] }) }).outcome).toBe("ok");
    expect(judge({ body: event({ error: { message: "x", code: 429 } }) }).outcome).toBe("in_stream_error");
  });

  test("after output nothing is retried and the status stays 200", () => {
    const limited = judgeStreamEvent(
      JSON.stringify({ error: { message: "Try again in 20s", code: 429 } }),
      NOW,
    );
    expect(limited).toMatchObject({
      outcome: "in_stream_error",
      blame: "key",
      cooldownMs: 20_000,
      strike: false,
    });
    expect(afterOutput(limited as Verdict)).toEqual({
      outcome: "upstream_error",
      blame: "host",
      retry: false,
      cooldownMs: null,
      strike: true,
      clientStatus: 200,
      reason: "Try again in 20s (429)",
    });
    const wrong = judgeStreamEvent(
      JSON.stringify({ error: { message: "prompt is too long", code: 400 } }),
      NOW,
    );
    expect(afterOutput(wrong as Verdict)).toMatchObject({
      outcome: "client_error",
      strike: false,
      clientStatus: 200,
    });
  });

  test("ordinary events are no errors", () => {
    const events = [
      { choices: [], usage: { prompt_tokens: 1 } },
      { type: "response.created", response: { status: "in_progress", error: null } },
      { choices: [{ delta: {}, finish_reason: "error" }] },
      { type: "ping" },
      { base_resp: { status_code: 0, status_msg: "success" }, choices: [] },
    ];
    for (const data of events) expect(judgeStreamEvent(JSON.stringify(data), NOW)).toBeNull();
    expect(judgeStreamEvent("[DONE]", NOW)).toBeNull();
    expect(judgeStreamEvent('{"error":', NOW)).toBeNull();
  });
});

describe("failed connections", () => {
  const failure = (kind: FailureKind) =>
    judgeFailure(new UpstreamFailure(kind, "it broke", true), { stream: false });

  test("are the host's, and another candidate may be tried", () => {
    for (const kind of ["connect_failed", "connect_timeout", "connection_lost", "protocol_error"] as const) {
      expect(failure(kind)).toEqual({
        outcome: "upstream_error",
        blame: "host",
        retry: true,
        cooldownMs: null,
        strike: true,
        clientStatus: 502,
        reason: "it broke",
      });
    }
  });

  test("a timeout names the setting that it came from", () => {
    const first = failure("first_byte_timeout");
    expect(first).toMatchObject({
      outcome: "upstream_timeout",
      blame: "host",
      strike: true,
      clientStatus: 504,
    });
    expect(first.reason).toBe("it broke (first_byte_timeout_ms)");
    const streamed = judgeFailure(new UpstreamFailure("first_byte_timeout", "late", true), { stream: true });
    expect(streamed.reason).toBe("late (stream_first_byte_timeout_ms)");
    expect(failure("idle_timeout").reason).toBe("it broke (idle_stream_timeout_ms)");
    expect(afterOutput(failure("idle_timeout"))).toMatchObject({
      outcome: "upstream_timeout",
      clientStatus: 200,
    });
  });

  test("a client that left is nobody's failure, also after output", () => {
    const left = failure("aborted");
    expect(left).toMatchObject({ outcome: "client_closed", blame: "client", retry: false, strike: false });
    expect(afterOutput(left)).toMatchObject({ outcome: "client_closed", strike: false });
  });

  test("a forbidden address is no strike and not repeated", () => {
    expect(failure("forbidden_address")).toMatchObject({
      outcome: "upstream_error",
      retry: false,
      strike: false,
    });
  });
});

describe("hostile bodies of 64 KiB", () => {
  const SIZE = 65_536;
  const fill = (piece: string) => piece.repeat(Math.ceil(SIZE / piece.length)).slice(0, SIZE);
  const pieces = [
    "model ",
    "limit: 1 ",
    "try again in 1",
    "wait ",
    '{"',
    '[{"',
    "Exception - ",
    "Bearer ",
    "sk-",
    "<",
    "\\",
    '"',
    "content ",
    "api key ",
    "balance ",
    "account ",
    "free tier of the ",
    "x",
    " ",
    "\n",
    "1",
    "請在",
    "quota exceeded ",
    "data: ",
    ":",
    "daily a b ",
  ];

  test("are judged in bounded time, as text, as JSON and in an event", () => {
    for (const piece of pieces) {
      const text = fill(piece);
      const bodies = [
        text,
        JSON.stringify({ error: { message: text, code: text } }),
        `{"error":{"message":"${text}`,
      ];
      for (const body of bodies) {
        const began = performance.now();
        judge({ status: 429, body });
        judge({ status: 200, body });
        judge({ status: 200, body: `data: ${body}`, stream: true });
        expect(performance.now() - began).toBeLessThan(250);
      }
    }
  });

  test("JSON that is nested without end is not followed", () => {
    const deep = `${'{"error":'.repeat(5_000)}"x"${"}".repeat(5_000)}`;
    expect(judge({ status: 503, body: deep }).outcome).toBe("overloaded");
    const wide = JSON.stringify({ errors: Array.from({ length: 5_000 }, () => ({ message: "x" })) });
    expect(judge({ status: 400, body: wide }).outcome).toBe("client_error");
  });
});
