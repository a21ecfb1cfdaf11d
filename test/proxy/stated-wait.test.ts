import { describe, expect, test } from "bun:test";
import { readError } from "../../src/proxy/error-shapes.ts";
import {
  exhaustedWindow,
  LONGEST_WAIT_MS,
  parseDuration,
  parseWait,
  statedWait,
} from "../../src/proxy/stated-wait.ts";

const NOW = Date.UTC(2025, 2, 3, 14, 0, 0);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const byHeaders = (headers: Record<string, string>) => statedWait(Object.entries(headers), null, NOW);
const byBody = (body: unknown, now = NOW) => statedWait([], readError(JSON.stringify(body)), now);
const byText = (message: string, now = NOW) => byBody({ error: { message } }, now);

describe("headers", () => {
  test("state seconds, milliseconds or a date", () => {
    expect(byHeaders({ "retry-after": "30" })).toBe(30 * SECOND);
    expect(byHeaders({ "retry-after": "1.5" })).toBe(1_500);
    expect(byHeaders({ "retry-after": "Mon, 03 Mar 2025 14:01:30 GMT" })).toBe(90 * SECOND);
    expect(byHeaders({ "retry-after-ms": "668", "retry-after": "1" })).toBe(668);
    expect(byHeaders({ "retry-after": "2m30s" })).toBe(150 * SECOND);
  });

  test("that are past, negative, absurd or broken are brought to 0 … 7 days or left aside", () => {
    expect(byHeaders({ "retry-after": "-30" })).toBe(0);
    expect(byHeaders({ "retry-after": "0" })).toBe(0);
    expect(byHeaders({ "retry-after": "Mon, 03 Mar 2025 13:00:00 GMT" })).toBe(0);
    expect(byHeaders({ "retry-after": "99999999999" })).toBe(LONGEST_WAIT_MS);
    expect(byHeaders({ "retry-after": "soon" })).toBeNull();
    expect(byHeaders({ "retry-after": "" })).toBeNull();
    expect(byHeaders({ "retry-after": "1e9" })).toBeNull();
    expect(byHeaders({ "retry-after": "NaN" })).toBeNull();
    expect(byHeaders({})).toBeNull();
  });

  test("of resets count only for a window that is used up, the longest of several", () => {
    const open = { "x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m0s" };
    expect(byHeaders(open)).toBeNull();
    expect(
      byHeaders({ ...open, "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20s" }),
    ).toBe(20 * SECOND);
    expect(byHeaders({ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h10m33.6s" })).toBe(
      4_233_600,
    );
    const both = {
      "ratelimit-remaining": "0",
      "ratelimit-reset": "5",
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": "9",
    };
    expect(byHeaders(both)).toBe(9 * SECOND);
    expect(byHeaders({ "x-ratelimit-reset": "7" })).toBe(7 * SECOND);
    expect(byHeaders({ "x-ratelimit-reset-tokens": "7s" })).toBeNull();
    expect(byHeaders({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "never" })).toBeNull();
  });

  test("of resets are not asked where a wait is stated", () => {
    const headers = {
      "retry-after": "16",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "63s",
    };
    expect(byHeaders(headers)).toBe(16 * SECOND);
  });

  test("name the window that is used up", () => {
    const headers = Object.entries({
      "x-ratelimit-remaining-requests-day": "0",
      "x-ratelimit-reset-requests-day": "60",
    });
    expect(exhaustedWindow(headers, NOW)).toEqual({
      header: "x-ratelimit-reset-requests-day",
      waitMs: MINUTE,
    });
    expect(exhaustedWindow([], NOW)).toBeNull();
  });
});

describe("texts", () => {
  const spans: [string, number | null][] = [
    ["Please try again in 20s.", 20 * SECOND],
    ["Please try again in 7m12.5s. Visit us", 432_500],
    ["Please try again in 114h18m0s.", 411_480 * SECOND],
    ["Please try again in 668ms.", 668],
    ["Please retry after 33 seconds.", 33 * SECOND],
    ["Please retry in 34.074824224s.", 34_075],
    ["please try again after 1 seconds", SECOND],
    ["Please wait 5631 seconds before retrying.", 5_631 * SECOND],
    ["wait for 2 minutes", 2 * MINUTE],
    ["Your rate limit resets in ~30s.", 30 * SECOND],
    ["Try again in 1 hour and 5 minutes.", HOUR + 5 * MINUTE],
    ["Resets in 2hr 30min.", 2 * HOUR + 30 * MINUTE],
    ["Quota will be replenished in 00:12:34.", 754 * SECOND],
    ["Quota will be replenished in 1.02:03:04.", 93_784 * SECOND],
    ["请在 30 秒后重试", 30 * SECOND],
    ["请等待3分钟", 3 * MINUTE],
    ["Please try again later. Limit 60 requests per 60 seconds.", null],
    ["Rate limit of 50 per 86400s exceeded", null],
    ["limited to 40 API calls / minute", null],
    ["Please retry shortly", null],
    ["请求速率限制:每 60 秒 10 次", null],
    ["unable to get response in less than 60 second(s)", null],
  ];
  for (const [text, wait] of spans) test(text, () => expect(byText(text)).toBe(wait));

  test("points in time: UTC, or Beijing where the words are Chinese or the code is Zhipu's", () => {
    const now = Date.UTC(2025, 10, 24, 21, 10, 30);
    expect(byText("Quota resets at 2025-11-24T22:00:00Z", now)).toBe(2_970 * SECOND);
    expect(byText("You will regain access on 2025-11-25 at 00:00 UTC.", now)).toBe(10_170 * SECOND);
    expect(byText("您的限额将在 2025-11-25 07:30:00 重置。", now)).toBe(8_370 * SECOND);
    const zhipu = { error: { code: "1310", message: "Your limit will reset at 2025-11-25 07:30:00" } };
    expect(byBody(zhipu, now)).toBe(8_370 * SECOND);
    expect(byText("Resets at 2025-11-25T01:00:00+02:00", now)).toBe(6_570 * SECOND);
    expect(byText("Resets at 2025-11-24T20:00:00Z", now)).toBe(0);
    expect(byText("Resets at 2025-99-99T20:00:00Z", now)).toBeNull();
  });

  test("the longer of two honest ones wins, also against a header", () => {
    const error = readError('{"error":{"message":"Please try again in 11.455s."}}');
    expect(statedWait([["retry-after", "12"]], error, NOW)).toBe(12 * SECOND);
    expect(statedWait([["retry-after", "3"]], error, NOW)).toBe(11_455);
  });
});

describe("fields", () => {
  test("of the body", () => {
    expect(byBody({ detail: "throttled", retry_after: 5 })).toBe(5 * SECOND);
    expect(byBody({ error: { message: "x", retry_after_ms: 1_500 } })).toBe(1_500);
    expect(byBody({ error: { message: "x", details: [{ retryDelay: "34.07s" }] } })).toBe(34_070);
    expect(byBody({ error: { message: "x", resets_at: NOW / 1_000 + 60 } })).toBe(MINUTE);
    expect(byBody({ error: { message: "x", metadata: { resets_at: "2025-03-03T14:01:00Z" } } })).toBe(MINUTE);
    expect(byBody({ error: { message: "x", retry_after: "later" } })).toBeNull();
    expect(byBody({ error: "loading", estimated_time: 20.5 })).toBe(20_500);
  });

  test("of headers that an aggregator quotes, and of the answer that it quotes", () => {
    const headers = { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": String(NOW + 30_000) };
    expect(byBody({ error: { message: "x", metadata: { headers } } })).toBe(30 * SECOND);
    const raw = JSON.stringify({ error: { message: "Please retry in 8s." } });
    expect(byBody({ error: { message: "Provider returned error", metadata: { raw } } })).toBe(8 * SECOND);
  });
});

describe("Google's daily quotas", () => {
  const perDay = {
    error: {
      message: "You exceeded your current quota",
      status: "RESOURCE_EXHAUSTED",
      details: [
        { violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }] },
        { retryDelay: "33s" },
      ],
    },
  };
  const hours = (now: string) => (byBody(perDay, Date.parse(now)) ?? Number.NaN) / HOUR;

  test("end at midnight Pacific, whatever RetryInfo says", () => {
    expect(hours("2025-07-05T03:58:42Z")).toBeCloseTo(3.0217, 3);
    expect(hours("2025-11-21T18:30:00Z")).toBe(13.5);
  });

  test("on the days when the clocks change", () => {
    expect(hours("2025-03-09T08:00:00Z")).toBe(23);
    expect(hours("2025-11-02T07:00:00Z")).toBe(25);
  });

  test("are nobody else's", () => {
    expect(byText("Rate limit exceeded: 50 requests per day")).toBeNull();
  });
});

describe("forms of a wait", () => {
  const forms: [string, number | null][] = [
    ["6m0s", 6 * MINUTE],
    ["1.5s", 1_500],
    ["120ms", 120],
    ["1h10m33.6s", 4_233_600],
    ["11.382867046356201", 11_382.867],
    [String(NOW + 5_000), 5_000],
    [String(NOW / 1_000 + 5), 5_000],
    ["2025-03-03T14:00:05Z", 5_000],
    ["2025-03-03T14:00:05.500Z", 5_500],
    ["soon", null],
    ["", null],
    ["5 requests", null],
  ];
  for (const [text, wait] of forms) {
    test(text === "" ? "(nothing)" : text, () => {
      const parsed = parseWait(text, NOW);
      if (wait === null) expect(parsed).toBeNull();
      else expect(parsed).toBeCloseTo(wait, 2);
    });
  }

  test("units", () => {
    expect(parseDuration("2 days 3 hours")).toBe(51 * HOUR);
    expect(parseDuration("5 mins")).toBe(5 * MINUTE);
    expect(parseDuration("10 secs")).toBe(10 * SECOND);
    expect(parseDuration("3小时20分钟")).toBe(3 * HOUR + 20 * MINUTE);
    expect(parseDuration("25:00:00")).toBe(25 * HOUR);
  });
});
