import { describe, expect, test } from "bun:test";
import { Host } from "../../src/pool/host.ts";
import type { Lease } from "../../src/pool/pool.ts";
import type { Outcome } from "../../src/types.ts";
import { ask, keyNamed, testPool, type VerdictDetails, verdict } from "../support/pool.ts";

const ending = (outcome: Outcome, details?: VerdictDetails) => ({
  verdict: verdict(outcome, details),
  usage: null,
  costUsd: null,
});
const keys = (count: number) => Array.from({ length: count }, (_, n) => keyNamed(`k${n}`));
const statuses = (scene: ReturnType<typeof testPool>) =>
  [...new Set(scene.pool.views().map(({ status }) => status))].join(" ");
const breaker = (scene: ReturnType<typeof testPool>) => scene.pool.upstreamHealth("upstream").breaker;

/** A host whose breaker has opened at 0. */
function openHost(): Host {
  const host = new Host("u");
  host.enabledKeys = 5;
  for (let n = 0; n < 20; n += 1) host.failed(`k${n % 3}`, 0, "down");
  return host;
}

describe("the breaker", () => {
  test("needs 20 in a row, without one success, over 3 keys or all", () => {
    const host = new Host("u");
    host.enabledKeys = 5;
    for (let n = 0; n < 100; n += 1) host.failed(`k${n % 2}`, 0, "down");
    expect(host.admits(0)).toBe(true);
    host.failed("k2", 0, "down");
    expect(host.admits(0)).toBe(false);

    const other = new Host("u");
    other.enabledKeys = 5;
    for (let n = 0; n < 19; n += 1) other.failed(`k${n % 3}`, 0, "down");
    other.succeeded("k0", 0);
    for (let n = 0; n < 19; n += 1) other.failed(`k${n % 3}`, 0, "down");
    expect(other.admits(0)).toBe(true);
    other.failed("k0", 0, "down");
    expect(other.admits(0)).toBe(false);

    const lonely = new Host("u");
    lonely.enabledKeys = 1;
    for (let n = 0; n < 20; n += 1) lonely.failed("k0", 0, "down");
    expect(lonely.admits(0)).toBe(false);
  });

  test("pauses 1, 2, 4, 4 s, with three trials at once in between; a success closes it", () => {
    const host = openHost();
    let now = 0;
    for (const pauseMs of [1_000, 2_000, 4_000, 4_000]) {
      expect(host.admitsAt(now)).toBe(now + pauseMs);
      expect(host.admits(now + pauseMs - 1)).toBe(false);
      now += pauseMs;
      const tickets = [0, 1, 2].map(() => {
        expect(host.admits(now)).toBe(true);
        return host.began(now);
      });
      expect(host.admits(now)).toBe(false);
      for (const ticket of tickets) {
        host.ended(ticket);
        host.failed("k0", now, "down");
      }
    }
    const health = host.health(now, (at) => at);
    expect(health).toEqual({
      breaker: "open",
      openUntil: now + 4_000,
      failuresInARow: 32,
      lastFailure: "down",
    });
    now += 4_000;
    expect(host.health(now, (at) => at).breaker).toBe("half_open");
    host.ended(host.began(now));
    host.succeeded("k0", now);
    expect(host.health(now, (at) => at)).toEqual({
      breaker: "closed",
      openUntil: null,
      failuresInARow: 0,
      lastFailure: null,
    });
  });

  test("trials that hang do not keep it shut: another one begins every 4 s", () => {
    const host = openHost();
    for (let n = 0; n < 3; n += 1) host.began(1_000);
    expect(host.admits(4_999)).toBe(false);
    expect(host.admits(5_000)).toBe(true);
    host.began(5_000);
    expect(host.admits(5_001)).toBe(false);
  });

  test("after the first success opens gradually, wholly after 5 s", () => {
    const host = openHost();
    host.ended(host.began(1_000));
    host.succeeded("k0", 1_000);
    const admitted = (now: number) => {
      let count = 0;
      const tickets: number[] = [];
      while (count < 10_000 && host.admits(now)) {
        tickets.push(host.began(now));
        count += 1;
      }
      for (const ticket of tickets) host.ended(ticket);
      return count;
    };
    expect(admitted(1_000)).toBe(4);
    expect(admitted(1_500)).toBe(8);
    expect(admitted(3_000)).toBe(64);
    host.succeeded("k1", 3_000);
    expect(admitted(3_000)).toBe(80);
    expect(admitted(5_999)).toBe(5 * 2 ** 9);
    expect(admitted(6_000)).toBe(10_000);
  });

  test("what began before an outage counts in no trial of it", () => {
    const host = openHost();
    const trial = host.began(1_000);
    host.succeeded("k0", 1_000);
    for (let n = 0; n < 20; n += 1) host.failed(`k${n % 3}`, 7_000, "down");
    for (let n = 0; n < 3; n += 1) host.began(8_000);
    host.ended(trial);
    host.ended(0);
    expect(host.admits(8_000)).toBe(false);
  });
});

describe("what a host remembers", () => {
  test("when another key was answered well last", () => {
    const host = new Host("u");
    expect(host.othersOkAt("a")).toBe(Number.NEGATIVE_INFINITY);
    host.succeeded("a", 1);
    expect([host.othersOkAt("a"), host.othersOkAt("b")]).toEqual([Number.NEGATIVE_INFINITY, 1]);
    host.succeeded("b", 2);
    host.succeeded("b", 3);
    expect([host.othersOkAt("a"), host.othersOkAt("b"), host.othersOkAt("c")]).toEqual([3, 1, 3]);
  });

  test("when the present row began, and that it opened by limits: said once", () => {
    const host = new Host("u");
    host.enabledKeys = 3;
    host.failed("k0", 5, "down");
    host.succeeded("k0", 6);
    const opened = Array.from({ length: 22 }, (_, n) => host.limited(`k${n % 3}`, 10 + n, "limited"));
    expect(opened.map((did, n) => (did ? n : -1)).filter((n) => n >= 0)).toEqual([19]);
    expect(host.rowBeganAt).toBe(10);
    expect(host.isLimited).toBe(true);
    expect(openHost().isLimited).toBe(false);
  });
});

describe("an overloaded host", () => {
  test("is left alone for a moment after three in a row, longer each time, at most 2 s", () => {
    const host = new Host("u");
    host.overloaded(0, 0.999);
    host.overloaded(0, 0.999);
    expect(host.admits(0)).toBe(true);
    for (const pauseMs of [200, 400, 800, 1_600, 2_000, 2_000]) {
      host.overloaded(0, 1);
      expect([host.admits(pauseMs - 1), host.admits(pauseMs)]).toEqual([false, true]);
    }
    host.succeeded("k0", 3_000);
    host.overloaded(3_000, 1);
    expect(host.admits(3_000)).toBe(true);
  });

  test("not everybody comes back at the same moment", () => {
    const waits = [0, 0.5, 1].map((chance) => {
      const host = new Host("u");
      for (let n = 0; n < 3; n += 1) host.overloaded(0, chance);
      return host.admitsAt(0);
    });
    expect(waits).toEqual([100, 150, 200]);
  });

  test("is state of the upstream: no key is punished, and another host serves", () => {
    const other = keyNamed("x", { upstreamId: "other", priority: 1 });
    const scene = testPool([...keys(3), other]);
    for (let n = 0; n < 3; n += 1) scene.use("overloaded");
    expect(scene.use()).toBe("x");
    scene.clock.advance(200);
    expect(scene.use()).not.toBe("x");
    expect(statuses(scene)).toBe("available");
  });
});

describe("all keys limited at the same moment", () => {
  const served = (count: number) => {
    const scene = testPool(keys(count));
    for (let n = 0; n < count; n += 1) scene.use();
    return scene;
  };

  test("is the provider's or the address's limit: no key cools for a guess, and the host is given a pause", () => {
    const scene = served(30);
    for (let n = 0; n < 20; n += 1) scene.use("rate_limited");
    expect(breaker(scene)).toBe("open");
    expect(statuses(scene)).toBe("available");
    expect(
      scene.pool.views().reduce((sum, { strikes, unstatedLimits }) => sum + strikes + unstatedLimits, 0),
    ).toBe(0);
    expect(scene.pool.claim(ask()).refusal).toMatchObject({
      code: "upstream_unavailable",
      retryAfterMs: 1_000,
    });
    scene.clock.advance(1_000);
    const trial = scene.claim();
    scene.pool.release(trial, ending("rate_limited"));
    expect(scene.pool.view(trial.keyId)?.status).toBe("available");
    scene.clock.advance(2_000);
    scene.use();
    expect(breaker(scene)).toBe("closed");
  });

  test("a wait that is stated still counts on its key", () => {
    const scene = served(30);
    for (let n = 0; n < 20; n += 1) scene.use("rate_limited", { waitMs: 60_000 });
    expect(breaker(scene)).toBe("open");
    scene.clock.advance(1_000);
    const out = scene.pool.views().filter(({ status }) => status === "cooling");
    expect(out).toHaveLength(20);
    expect(out.map(({ id }) => id)).not.toContain(scene.use());
  });

  test("guesses made before such a row stand", () => {
    const scene = served(30);
    const early = scene.use("rate_limited");
    scene.clock.advance(1);
    scene.use();
    for (let n = 0; n < 20; n += 1) scene.use("rate_limited");
    expect(
      scene.pool
        .views()
        .filter(({ status }) => status === "cooling")
        .map(({ id }) => id),
    ).toEqual([early]);
  });

  test("keys that were not served lately prove nothing: the pool is walked to its end", () => {
    const fresh = testPool(keys(60));
    for (let n = 0; n < 59; n += 1) fresh.use("rate_limited");
    expect(breaker(fresh)).toBe("closed");
    expect(fresh.use()).toBe("k59");
    const stale = served(30);
    stale.clock.advance(60_000);
    for (let n = 0; n < 25; n += 1) stale.use("rate_limited");
    expect(breaker(stale)).toBe("closed");
    expect(statuses(stale)).toBe("cooling available");
  });

  test("after the row the limits are those of keys again", () => {
    const scene = served(30);
    for (let n = 0; n < 20; n += 1) scene.use("rate_limited");
    scene.clock.advance(1_000);
    scene.use();
    const limited = scene.use("rate_limited");
    expect(scene.pool.view(limited)?.status).toBe("cooling");
  });
});

describe("an outage", () => {
  test("ejects nobody, neither at its beginning nor at its end, with requests under way throughout", () => {
    const scene = testPool(keys(20), { maxFailureCount: 2 });
    const running: { lease: Lease; until: number }[] = [];
    const isDown = () => scene.clock.monotonic() > 3_000 && scene.clock.monotonic() < 13_000;
    for (let n = 0; n < 20_000; n += 1) {
      scene.clock.advance(1);
      const now = scene.clock.monotonic();
      for (const one of running.filter(({ until }) => until <= now)) {
        running.splice(running.indexOf(one), 1);
        scene.pool.release(one.lease, ending(isDown() ? "upstream_timeout" : "ok"));
      }
      const { lease } = scene.pool.claim(ask());
      if (lease !== null) running.push({ lease, until: now + scene.clock.random() * 400 });
      expect(scene.pool.view("k0")?.status).toBe("available");
    }
    expect(statuses(scene)).toBe("available");
    expect(breaker(scene)).toBe("closed");
  });
});

test("a host with no enabled key is not waited for", () => {
  const scene = testPool([keyNamed("a", { enabled: false }), keyNamed("b", { upstreamId: "other" })]);
  expect(scene.use()).toBe("b");
  scene.pool.remove("b");
  expect(scene.pool.claim(ask()).refusal?.code).toBe("no_usable_key");
});
