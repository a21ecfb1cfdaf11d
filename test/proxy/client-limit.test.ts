import { expect, test } from "bun:test";
import { ClientLimit } from "../../src/proxy/client-limit.ts";
import { ProxyError } from "../../src/proxy/errors.ts";

function refusalOf(work: () => void): ProxyError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof ProxyError) return error;
    throw error;
  }
}

test("each address has its own count, and is told how long until the next request passes", () => {
  const limit = new ClientLimit();
  for (let n = 0; n < 3; n += 1) limit.admit("a", 3, 5_000 + n * 10_000);
  const refusal = refusalOf(() => limit.admit("a", 3, 26_000));
  expect(refusal).toMatchObject({ status: 429, code: "client_rate_limited" });
  const waitMs = refusal?.options.retryAfterMs ?? 0;
  expect(waitMs).toBeWithin(39_000, 41_001);
  limit.admit("b", 3, 26_000);
  expect(refusalOf(() => limit.admit("a", 3, 26_000 + waitMs - 1))).not.toBeNull();
  limit.admit("a", 3, 26_000 + waitMs);
});

test("0 is no limit, and a changed one holds at once", () => {
  const limit = new ClientLimit();
  for (let n = 0; n < 1_000; n += 1) limit.admit("a", 0, 1_000);
  limit.admit("a", 1, 1_000);
  expect(refusalOf(() => limit.admit("a", 1, 1_000))).not.toBeNull();
  limit.admit("a", 2, 1_000);
});

test("no more than 10,000 addresses are remembered", () => {
  const limit = new ClientLimit();
  limit.admit("first", 1, 1_000);
  for (let n = 0; n < 9_999; n += 1) limit.admit(`address-${n}`, 1, 1_000);
  expect(refusalOf(() => limit.admit("first", 1, 1_000))).not.toBeNull();
  limit.admit("one more", 1, 1_000);
  expect(refusalOf(() => limit.admit("first", 1, 1_000))).toBeNull();
});
