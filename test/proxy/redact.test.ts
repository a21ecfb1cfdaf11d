import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { REDACTED, redact } from "../../src/proxy/redact.ts";

describe("given secrets", () => {
  test("go wherever they stand", () => {
    expect(redact("key abcd-1234 and again abcd-1234.", ["abcd-1234"])).toBe(
      `key ${REDACTED} and again ${REDACTED}.`,
    );
  });

  test("the longer one goes first, so that no tail of it is left", () => {
    expect(redact("abcd1234", ["abcd", "abcd1234"])).toBe(REDACTED);
  });

  test("also as JSON strings and URLs write them", () => {
    const secret = 'a"b\\c/d e';
    expect(redact(JSON.stringify({ key: secret }), [secret])).toBe(`{"key":"${REDACTED}"}`);
    expect(redact(`https://x.example/?k=${encodeURIComponent(secret)}`, [secret])).toBe(
      `https://x.example/?k=${REDACTED}`,
    );
  });

  test("that are too short to be secrets tear no words apart", () => {
    expect(redact("a cat", ["a", ""])).toBe("a cat");
  });

  test("with $ in it is no replacement pattern", () => {
    expect(redact("x $&$1y z", ["$&$1y"])).toBe(`x ${REDACTED} z`);
  });

  test("never survive", () => {
    const secret = fc.string({ minLength: 4, maxLength: 40, unit: "grapheme-ascii" });
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (key, before, after) => {
        const clean = redact(before + key + after, [key]);
        // The mark itself may spell a very short key.
        return REDACTED.includes(key) || !clean.replaceAll(REDACTED, "").includes(key);
      }),
    );
  });
});

describe("what looks like a key", () => {
  const keys = [
    "sk-proj-abcDEF123456_789",
    "sk-ant-api03-AAAA-bbbb",
    "sk-or-v1-0123456789abcdef",
    "sk_live0123456",
    "AIzaSyA-1234567890abcdefghijklmnopqrstu",
    "AQ.Ab8RN6IkZJ0123456789",
    "ya29.a0AfH6SMBx1234",
    "gsk_abcdef123456",
    "hf_AbCdEfGhIjKl",
    "xai-abcdef1234567890",
    "nvapi-abc_DEF-123",
    "r8_0123456789ab",
    "pplx-0123456789abcdef",
    "csk-0123456789abcdef",
    "fw_0123456789ab",
    "tgp_v1_0123456789-ab",
    "ghp_0123456789abcdef",
    "github_pat_11ABCDEFG0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_123",
    "0123456789abcdef0123456789abcdef.AbCdEfGh12345678",
  ];
  for (const key of keys) {
    test(key.slice(0, 12), () => {
      expect(redact(`Incorrect API key provided: ${key}, sorry.`, [])).toBe(
        `Incorrect API key provided: ${REDACTED}, sorry.`,
      );
      expect(redact(`{"key":"${key}"}`, [])).toBe(`{"key":"${REDACTED}"}`);
    });
  }

  test("a bearer token of any form", () => {
    expect(redact("Authorization: Bearer 9f8e7d6c5b4a", [])).toBe(`Authorization: Bearer ${REDACTED}`);
    expect(redact("bearer abcdefghijklmnopqrstuvwxyz", [])).toBe(`bearer ${REDACTED}`);
    expect(redact("Bearer token is malformed", [])).toBe("Bearer token is malformed");
    expect(redact("Bearer authentication required", [])).toBe("Bearer authentication required");
  });

  test("a key that is introduced as one", () => {
    expect(redact("x-api-key: 0a1b2c3d4e5f6789", [])).toBe(`x-api-key: ${REDACTED}`);
    expect(redact('{"api_key": "0a1b2c3d4e5f6789"}', [])).toBe(`{"api_key": "${REDACTED}"}`);
    expect(redact("GET /v1/models?key=0a1b2c3d4e5f6789", [])).toBe(`GET /v1/models?key=${REDACTED}`);
  });

  test("ordinary words stay", () => {
    const plain =
      "The task-force and disk-usage of gpt-4o-mini in org-abc at https://platform.openai.com/account/api-keys " +
      "(request id req_011CZM37KZVHEegQcQEk3tSW, 00000000-0000-4000-8000-000000000000) hit 60 requests per minute.";
    expect(redact(plain, [])).toBe(plain);
  });

  test("in linear time", () => {
    for (const piece of ["sk-", "Bearer ", "api_key=", "eyJ", "AIza", "a", "0", "key: "]) {
      const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
      const began = performance.now();
      redact(text, ["some-secret"]);
      expect(performance.now() - began).toBeLessThan(1_000);
    }
  });
});
