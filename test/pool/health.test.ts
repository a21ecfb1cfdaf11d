import { describe, expect, test } from "bun:test";
import type { Lease } from "../../src/pool/pool.ts";
import type { Outcome } from "../../src/types.ts";
import { ask, keyNamed, testPool, type VerdictDetails, verdict } from "../support/pool.ts";

const ending = (outcome: Outcome, details?: VerdictDetails) => ({
  verdict: verdict(outcome, details),
  usage: null,
  costUsd: null,
});
const SECOND = 1_000;
const DAY = 86_400_000;
type Scene = ReturnType<typeof testPool>;

const secondsOut = (scene: Scene, id = "a") =>
  ((scene.pool.view(id)?.cooldownUntil ?? 0) - scene.clock.now()) / SECOND;

/** One request on this very key. */
function useKey(scene: Scene, id: string, outcome: Outcome, details?: VerdictDetails): void {
  const lease = claimKey(scene, id);
  scene.pool.release(lease, ending(outcome, details));
}
function claimKey(scene: Scene, id: string): Lease {
  const tried = new Set(scene.pool.views().map((view) => view.id));
  tried.delete(id);
  return scene.claim({ tried });
}
/** Fails so often, with others answered well before each time. */
function failAmongOthers(scene: Scene, id: string, times: number, other: string): void {
  for (let n = 0; n < times; n += 1) {
    scene.clock.advance(5);
    useKey(scene, other, "ok");
    scene.clock.advance(5);
    useKey(scene, id, "upstream_error");
    scene.clock.advance(5);
  }
}

describe("guessed waits", () => {
  test("several limits at once are one, not several in a row", () => {
    const scene = testPool([keyNamed("a")]);
    const leases = [scene.claim(), scene.claim(), scene.claim(), scene.claim()];
    for (const lease of leases) {
      scene.clock.advance(10);
      scene.pool.release(lease, ending("rate_limited"));
    }
    expect(secondsOut(scene)).toBeWithin(59, 72.1);
    expect(scene.pool.view("a")?.unstatedLimits).toBe(1);
  });

  test("a success that began before ends no row", () => {
    const scene = testPool([keyNamed("a")]);
    const [early, late] = [scene.claim(), scene.claim()];
    scene.clock.advance(10);
    scene.pool.release(late, ending("rate_limited"));
    scene.pool.release(early, ending("ok"));
    expect(scene.pool.view("a")?.unstatedLimits).toBe(1);
    scene.clock.advance(80 * SECOND);
    scene.use("rate_limited");
    expect(secondsOut(scene)).toBeWithin(120, 144.1);
  });

  test("a rate_limit_cooldown_s above an hour is kept", () => {
    const scene = testPool([keyNamed("a")], { rateLimitCooldownS: 7_200 });
    scene.use("rate_limited");
    expect(secondsOut(scene)).toBeWithin(7_200, 8_641);
  });

  test("two models limited at once both cool", () => {
    const scene = testPool([keyNamed("a")]);
    const [m, other] = [scene.claim(), scene.claim({ model: "other" })];
    for (const lease of [m, other]) scene.pool.release(lease, ending("rate_limited", { blame: "key_model" }));
    expect(scene.pool.view("a")?.cooldowns.map(({ model }) => model)).toEqual(["m", "other"]);
    expect(scene.pool.view("a")?.status).toBe("available");
  });
});

describe("quotas and permission", () => {
  test("a quota that states no end lasts until the daily reset, a stated one as long as it says", () => {
    const scene = testPool([keyNamed("a")]);
    scene.use("quota_exhausted");
    expect(secondsOut(scene)).toBe(12 * 3_600);
    scene.pool.reset("a");
    scene.use("quota_exhausted", { waitMs: 90 * SECOND });
    expect(secondsOut(scene)).toBe(90);
  });

  test("a model that is forbidden is set aside for a day, for that model alone", () => {
    const scene = testPool([keyNamed("a")]);
    scene.use("forbidden_key", { blame: "key_model" });
    expect(scene.pool.view("a")?.cooldowns).toMatchObject([{ model: "m", until: scene.clock.now() + DAY }]);
    expect(scene.claim({ model: "other" }).keyId).toBe("a");
    expect(scene.pool.claim(ask()).refusal).toMatchObject({
      code: "no_usable_key",
      message: "No key can serve this request now: 1 not allowed to serve this.",
    });
  });

  test("a key that is forbidden as a whole is tried again after key_probe_interval_s, then after twice as long", () => {
    const scene = testPool([keyNamed("a")], { keyProbeIntervalS: 10 });
    for (const seconds of [10, 20, 40]) {
      scene.use("forbidden_key");
      expect(secondsOut(scene)).toBeWithin(seconds, seconds * 1.2 + 0.01);
      scene.clock.advance(seconds * 1.2 * SECOND + 10);
    }
    scene.use();
    scene.use("forbidden_key");
    expect(secondsOut(scene)).toBeWithin(10, 12.1);
    scene.settings.keyProbeIntervalS = 0;
    scene.clock.advance(20 * SECOND);
    scene.use("forbidden_key");
    expect(secondsOut(scene)).toBe(86_400);
  });
});

describe("no credit", () => {
  test("the first trial comes after key_probe_interval_s, the wait doubles up to a day", () => {
    const scene = testPool([keyNamed("a")], { keyProbeIntervalS: 20_000 });
    for (const seconds of [20_000, 40_000, 80_000, 86_400, 86_400]) {
      scene.use("no_credit");
      expect(secondsOut(scene)).toBe(seconds);
      scene.clock.advance(seconds * SECOND);
    }
  });

  test("0 never tries by itself", () => {
    const scene = testPool([keyNamed("a")], { keyProbeIntervalS: 0 });
    scene.use("no_credit");
    scene.clock.advance(400 * DAY);
    expect(scene.pool.claim(ask()).refusal).toMatchObject({ code: "no_usable_key", retryAfterMs: null });
    expect(scene.pool.view("a")?.cooldownUntil).toBeNull();
  });

  test("several that find the same at once do not double the wait", () => {
    const scene = testPool([keyNamed("a")]);
    const leases = [scene.claim(), scene.claim(), scene.claim()];
    for (const lease of leases) scene.pool.release(lease, ending("no_credit"));
    expect(secondsOut(scene)).toBe(300);
  });

  test("a list of models proves no credit: neither as a trial nor by its success", () => {
    const scene = testPool([keyNamed("a")]);
    scene.use("no_credit");
    scene.pool.release(scene.pool.claimKey("a") as Lease, ending("ok"));
    expect(scene.pool.view("a")?.status).toBe("no_credit");
    scene.clock.advance(300 * SECOND);
    expect(scene.pool.claim(ask({ free: true })).lease).toBeNull();
    scene.use("ok");
    expect(scene.pool.view("a")?.status).toBe("available");
  });

  test("a trial that finds the host in trouble says nothing of the key: it keeps its status, another follows soon", () => {
    const scene = testPool([keyNamed("a"), keyNamed("b")]);
    useKey(scene, "a", "no_credit");
    scene.clock.advance(300 * SECOND);
    useKey(scene, "a", "upstream_timeout");
    expect(scene.pool.view("a")?.status).toBe("no_credit");
    expect(secondsOut(scene)).toBe(10);
    scene.clock.advance(10 * SECOND);
    useKey(scene, "a", "ok");
    expect(scene.pool.view("a")?.status).toBe("available");
  });

  test("an answer that began before the money was gone does not bring it back", () => {
    const scene = testPool([keyNamed("a")]);
    const [early, late] = [scene.claim(), scene.claim()];
    scene.clock.advance(10);
    scene.pool.release(late, ending("no_credit"));
    scene.pool.release(early, ending("ok"));
    expect(scene.pool.view("a")?.status).toBe("no_credit");
  });
});

describe("invalid", () => {
  test("a free call that succeeds revives it, one that fails leaves it as it was", () => {
    const told: (string | undefined)[] = [];
    const scene = testPool([keyNamed("a")], {}, { conditionChanged: (_id, to) => told.push(to?.status) });
    scene.use("invalid_key");
    const { since } = scene.pool.view("a")?.condition ?? { since: -1 };
    scene.clock.advance(5_000);
    for (const outcome of ["invalid_key", "upstream_error", "no_credit"] as Outcome[]) {
      scene.pool.release(scene.pool.claimKey("a") as Lease, ending(outcome));
      expect(scene.pool.view("a")).toMatchObject({ status: "invalid", condition: { since } });
    }
    scene.pool.release(scene.pool.claimKey("a") as Lease, ending("ok"));
    expect(scene.pool.view("a")?.status).toBe("available");
    expect(told).toEqual(["invalid", undefined]);
  });

  test("nothing that began before it was found out revives it", () => {
    const scene = testPool([keyNamed("a")]);
    const probe = scene.pool.claimKey("a") as Lease;
    const early = scene.claim();
    scene.clock.advance(10);
    scene.use("invalid_key");
    scene.pool.release(probe, ending("ok"));
    scene.pool.release(early, ending("ok"));
    expect(scene.pool.view("a")?.status).toBe("invalid");
  });
});

describe("strikes", () => {
  test("a success ends the row, but not one that began before the last strike", () => {
    const scene = testPool([keyNamed("a")]);
    const early = scene.claim();
    scene.use("upstream_error");
    scene.clock.advance(10);
    scene.use("upstream_error");
    scene.pool.release(early, ending("ok"));
    expect(scene.pool.view("a")?.strikes).toBe(2);
    scene.use("ok");
    expect(scene.pool.view("a")?.strikes).toBe(0);
  });

  test("lead who has just failed elsewhere to a key without any, while there is one; nobody else", () => {
    const scene = testPool(["a", "b", "c"].map((id) => keyNamed(id)));
    useKey(scene, "b", "upstream_error");
    const tried = new Set(["a"]);
    for (let n = 0; n < 6; n += 1) expect(scene.use("ok", {}, { tried })).toBe("c");
    const firstTries = Array.from({ length: 6 }, () => scene.use("client_error"));
    expect(firstTries).toContain("b");
    tried.add("c");
    expect(scene.use("ok", {}, { tried })).toBe("b");
  });

  test("a list of models that is answered ends no row", () => {
    const scene = testPool([keyNamed("a")]);
    scene.use("upstream_error");
    scene.use("ok", {}, { free: true });
    expect(scene.pool.view("a")?.strikes).toBe(1);
  });

  test("many that fail at once are weighed by what others did in between", () => {
    const scene = testPool([keyNamed("a"), keyNamed("b"), keyNamed("c")]);
    useKey(scene, "b", "ok");
    const leases = Array.from({ length: 10 }, () => claimKey(scene, "a"));
    scene.clock.advance(10);
    for (const lease of leases) scene.pool.release(lease, ending("upstream_error"));
    expect(scene.pool.view("a")).toMatchObject({ status: "available", strikes: 10 });
    failAmongOthers(scene, "a", 1, "b");
    expect(scene.pool.view("a")?.status).toBe("available");
    failAmongOthers(scene, "a", 1, "b");
    expect(scene.pool.view("a")?.status).toBe("ejected");
  });

  test("max_failure_count 1 needs two failures: one alone cannot be told from the host's", () => {
    const scene = testPool([keyNamed("a"), keyNamed("b")], { maxFailureCount: 1 });
    failAmongOthers(scene, "a", 1, "b");
    expect(scene.pool.view("a")?.status).toBe("available");
    failAmongOthers(scene, "a", 1, "b");
    expect(scene.pool.view("a")?.status).toBe("ejected");
  });

  test("a trial that fails while the whole host fails does not lengthen the ejection", () => {
    const scene = testPool(Array.from({ length: 4 }, (_, n) => keyNamed(`k${n}`)));
    failAmongOthers(scene, "k0", 3, "k1");
    expect(scene.pool.view("k0")).toMatchObject({ status: "ejected", ejections: 1 });
    scene.clock.advance(30 * SECOND);
    useKey(scene, "k1", "ok");
    for (const id of ["k1", "k2", "k3"]) useKey(scene, id, "upstream_error");
    useKey(scene, "k0", "upstream_error");
    expect(scene.pool.view("k0")).toMatchObject({ status: "ejected", ejections: 1 });
    expect(secondsOut(scene, "k0")).toBe(10);
    scene.clock.advance(10 * SECOND);
    useKey(scene, "k1", "ok");
    useKey(scene, "k0", "upstream_error");
    expect(scene.pool.view("k0")).toMatchObject({ ejections: 2 });
    expect(secondsOut(scene, "k0")).toBe(60);
  });

  test("a late failure of before the ejection is no trial", () => {
    const scene = testPool([keyNamed("a"), keyNamed("b")]);
    const late = claimKey(scene, "a");
    failAmongOthers(scene, "a", 3, "b");
    scene.clock.advance(5 * SECOND);
    scene.pool.release(late, ending("upstream_error"));
    expect(scene.pool.view("a")?.ejections).toBe(1);
    expect(Math.round(secondsOut(scene))).toBe(25);
  });

  test("a stated wait of a failing host counts on the key that got it", () => {
    const scene = testPool([keyNamed("a"), keyNamed("b")]);
    useKey(scene, "a", "overloaded", { waitMs: 4_000 });
    expect(secondsOut(scene)).toBe(4);
    expect(scene.pool.view("b")?.status).toBe("available");
  });

  test("a disabled key counts in no share of its host", () => {
    const scene = testPool([keyNamed("a"), keyNamed("b"), keyNamed("c", { enabled: false })]);
    failAmongOthers(scene, "a", 3, "b");
    expect(scene.pool.view("a")?.status).toBe("ejected");
    scene.pool.put(keyNamed("d"), "s");
    failAmongOthers(scene, "d", 5, "b");
    expect(scene.pool.view("d")?.status).toBe("available");
    scene.pool.put(keyNamed("c"), "s");
    failAmongOthers(scene, "d", 1, "b");
    expect(scene.pool.view("d")?.status).toBe("ejected");
    scene.pool.reset("a");
    scene.pool.reset("d");
    failAmongOthers(scene, "c", 3, "b");
    expect(scene.pool.view("c")?.status).toBe("ejected");
  });
});

test("a key that is back after failures gets a growing share, its whole one after 10 s", () => {
  const scene = testPool(
    Array.from({ length: 4 }, (_, n) => keyNamed(`k${n}`)),
    { maxFailureCount: 2 },
  );
  failAmongOthers(scene, "k0", 2, "k1");
  scene.clock.advance(60 * SECOND);
  useKey(scene, "k0", "ok");
  const shareOver = (ms: number) => {
    let count = 0;
    for (let n = 0; n < 1_000; n += 1) {
      scene.clock.advance(ms / 1_000);
      if (scene.use() === "k0") count += 1;
    }
    return count / 1_000;
  };
  const shares = [shareOver(1_000), shareOver(4_000), shareOver(5_000), shareOver(1_000)];
  expect(shares[0]).toBeWithin(0.01, 0.06);
  expect(shares[1]).toBeWithin(0.04, 0.14);
  expect(shares[2]).toBeWithin(0.13, 0.24);
  expect(shares[3]).toBeWithin(0.24, 0.26);
  const alone = testPool([keyNamed("a")]);
  alone.use("no_credit");
  alone.clock.advance(300 * SECOND);
  alone.use("ok");
  expect(Array.from({ length: 20 }, () => alone.use())).not.toContain("b");
});

test("what is not of this pool, or gone, is told so", () => {
  const scene = testPool([keyNamed("a")]);
  const strange: Lease = { keyId: "a", upstreamId: "u", secret: "s", chosenBecause: "" };
  expect(() => scene.pool.release(strange, ending("ok"))).toThrow("not of this pool");
  expect(scene.pool.claimKey("b")).toBeNull();
  expect(scene.pool.view("b")).toBeNull();
  scene.pool.remove("b");
  scene.pool.reset("b");
  expect(scene.pool.views()).toHaveLength(1);
});
