import { describe, expect, test } from "bun:test";
import { headroomIn } from "../../src/proxy/rate-limit-headers.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const read = (headers: Record<string, string>) => headroomIn(Object.entries(headers), NOW);

describe("what is left of a provider's limits is read from", () => {
  test("OpenAI's, Azure's and Groq's headers", () => {
    expect(
      read({
        "content-type": "application/json",
        "x-ratelimit-limit-requests": "14400",
        "x-ratelimit-limit-tokens": "18000",
        "x-ratelimit-remaining-requests": "14370",
        "x-ratelimit-remaining-tokens": "17997",
        "x-ratelimit-reset-requests": "2m59.56s",
        "x-ratelimit-reset-tokens": "7.66s",
      }),
    ).toEqual({
      requests: { remaining: 14_370, limit: 14_400, resetMs: 179_560 },
      tokens: { remaining: 17_997, limit: 18_000, resetMs: 7_660 },
    });
  });

  test("Anthropic's headers, of several kinds of tokens the scarcest", () => {
    const at = (seconds: number) => new Date(NOW + seconds * 1_000).toISOString();
    expect(
      read({
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": at(2),
        "anthropic-ratelimit-input-tokens-limit": "30000",
        "anthropic-ratelimit-input-tokens-remaining": "29000",
        "anthropic-ratelimit-input-tokens-reset": at(3),
        "anthropic-ratelimit-output-tokens-limit": "8000",
        "anthropic-ratelimit-output-tokens-remaining": "1000",
        "anthropic-ratelimit-output-tokens-reset": at(53),
      }),
    ).toEqual({
      requests: { remaining: 49, limit: 50, resetMs: 2_000 },
      tokens: { remaining: 1_000, limit: 8_000, resetMs: 53_000 },
    });
  });

  test("Cerebras' windows, of which the scarcest counts", () => {
    expect(
      read({
        "x-ratelimit-limit-requests-day": "14400",
        "x-ratelimit-remaining-requests-day": "0",
        "x-ratelimit-reset-requests-day": "33011.38",
        "x-ratelimit-limit-requests-minute": "30",
        "x-ratelimit-remaining-requests-minute": "29",
        "x-ratelimit-reset-requests-minute": "11.4",
      }),
    ).toEqual({ requests: { remaining: 0, limit: 14_400, resetMs: 33_011_380 }, tokens: null });
  });

  test("OpenRouter's bare form, with its reset as a moment in ms", () => {
    const headers = {
      "x-ratelimit-limit": "20",
      "x-ratelimit-remaining": "3",
      "x-ratelimit-reset": String(NOW + 9_000),
    };
    expect(read(headers)).toEqual({ requests: { remaining: 3, limit: 20, resetMs: 9_000 }, tokens: null });
  });

  test("the form of the IETF draft, with its reset in seconds", () => {
    const headers = { "ratelimit-limit": "100", "ratelimit-remaining": "50", "ratelimit-reset": "30" };
    expect(read(headers)?.requests).toEqual({ remaining: 50, limit: 100, resetMs: 30_000 });
  });
});

describe("nothing is told by", () => {
  test("other headers, and those without a remainder", () => {
    expect(read({ "content-type": "text/plain", "retry-after": "3" })).toBeNull();
    expect(read({ "x-ratelimit-limit-requests": "5", "x-ratelimit-reset-requests": "1s" })).toBeNull();
    expect(read({ "ratelimit-policy": "10;w=1" })).toBeNull();
  });

  test("numbers that are none", () => {
    for (const remaining of ["-1", "", "many", "1e9", "0x10"]) {
      expect(read({ "x-ratelimit-remaining-requests": remaining })).toBeNull();
    }
  });

  test("a reset that is past, absurd or missing: the remainder is told without it", () => {
    for (const reset of ["0", "-5", String(NOW - 1_000), "30h", "soon"]) {
      expect(
        read({ "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": reset })?.requests,
      ).toEqual({
        remaining: 0,
        limit: null,
        resetMs: null,
      });
    }
    expect(read({ "x-ratelimit-remaining-requests": "0" })?.requests?.resetMs).toBeNull();
  });
});
