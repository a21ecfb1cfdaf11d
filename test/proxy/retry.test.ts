import { describe, expect, test } from "bun:test";
import { RetryBudget, RetryPlan, type RetrySettings } from "../../src/proxy/retry.ts";
import { verdict } from "../support/pool.ts";

const SETTINGS: RetrySettings = {
  maxKeySwitches: 5,
  maxRetries: 3,
  retryDeadlineMs: 30_000,
  failoverDelayMs: 0,
};
const BEGAN = 1_000;
const hostFailed = verdict("upstream_error");
const keyFailed = verdict("rate_limited");
const plan = (settings: Partial<RetrySettings> = {}, creates = false) =>
  new RetryPlan({ ...SETTINGS, ...settings }, BEGAN, creates);

describe("a request goes on", () => {
  test("past so many keys at fault, and after so many failures of hosts: counted apart", () => {
    const one = plan();
    const budget = new RetryBudget();
    let attempts = 1;
    for (let n = 0; n < 20; n += 1) {
      if (one.goesOn(keyFailed, true, BEGAN, budget)) attempts += 1;
      if (one.goesOn(hostFailed, true, BEGAN, budget)) attempts += 1;
    }
    expect(attempts).toBe(1 + SETTINGS.maxKeySwitches + SETTINGS.maxRetries);
  });

  test("not with 0 of either", () => {
    const none = plan({ maxKeySwitches: 0, maxRetries: 0 });
    expect(none.goesOn(keyFailed, true, BEGAN, new RetryBudget())).toBe(false);
    expect(none.goesOn(hostFailed, true, BEGAN, new RetryBudget())).toBe(false);
  });

  test("not after what no other key mends", () => {
    for (const outcome of ["client_error", "content_filtered", "client_closed", "ok"] as const) {
      expect(plan().goesOn(verdict(outcome), true, BEGAN, new RetryBudget())).toBe(false);
    }
  });

  test("not beyond the deadline, the delay before the next attempt included", () => {
    const last = BEGAN + SETTINGS.retryDeadlineMs - 1;
    expect(plan().goesOn(keyFailed, true, last, new RetryBudget())).toBe(true);
    expect(plan().goesOn(keyFailed, true, last + 1, new RetryBudget())).toBe(false);
    expect(plan({ failoverDelayMs: 500 }).goesOn(keyFailed, true, last - 499, new RetryBudget())).toBe(false);
    expect(plan({ failoverDelayMs: 500 }).goesOn(keyFailed, true, last - 500, new RetryBudget())).toBe(true);
    expect(plan().msLeft(last)).toBe(1);
    expect(plan().msLeft(last + 500)).toBe(0);
  });

  test("where it creates something, only after an answer", () => {
    expect(plan({}, true).goesOn(hostFailed, false, BEGAN, new RetryBudget())).toBe(false);
    expect(plan({}, true).goesOn(hostFailed, true, BEGAN, new RetryBudget())).toBe(true);
    expect(plan({}, false).goesOn(hostFailed, false, BEGAN, new RetryBudget())).toBe(true);
  });
});

describe("the retry budget", () => {
  const taken = (budget: RetryBudget, now: number) => {
    let count = 0;
    while (count < 1_000 && budget.take(now)) count += 1;
    return count;
  };

  test("is never less than 10 in 10 s, and else 20 % of the requests of the last 10 s", () => {
    const quiet = new RetryBudget();
    expect(taken(quiet, 50_000)).toBe(10);
    expect(taken(quiet, 59_999)).toBe(0);
    expect(taken(quiet, 60_000)).toBe(10);
    const busy = new RetryBudget();
    for (let n = 0; n < 300; n += 1) busy.countRequest(50_000 + n * 30);
    expect(taken(busy, 59_000)).toBe(60);
    busy.countRequest(59_000);
    expect(taken(busy, 59_500)).toBe(1);
    expect(taken(busy, 200_000)).toBe(10);
  });

  test("what was taken counts for 10 s by the second", () => {
    const budget = new RetryBudget();
    for (let second = 0; second < 5; second += 1) {
      budget.take(100_000 + second * 1_000);
      budget.take(100_000 + second * 1_000);
    }
    expect(budget.take(109_999)).toBe(false);
    expect(taken(budget, 110_000)).toBe(2);
    expect(taken(budget, 111_000)).toBe(2);
  });

  test("a key's own failure takes nothing from it", () => {
    const budget = new RetryBudget();
    const one = plan({ maxKeySwitches: 100 });
    for (let n = 0; n < 50; n += 1) one.goesOn(keyFailed, true, BEGAN, budget);
    expect(taken(budget, BEGAN)).toBe(10);
  });

  test("used up it ends a request early", () => {
    const budget = new RetryBudget();
    taken(budget, BEGAN);
    expect(plan().goesOn(hostFailed, true, BEGAN, budget)).toBe(false);
    expect(plan().goesOn(keyFailed, true, BEGAN, budget)).toBe(true);
  });
});
