import { describe, expect, test } from "bun:test";
import { STRATEGIES } from "../../src/types.ts";
import { ask, keyNamed, testPool, verdict } from "../support/pool.ts";

const explained = (scene: ReturnType<typeof testPool>, more = {}) => {
  const { keys, ...rest } = scene.pool.explain(ask(more), 500);
  return { ...rest, keys, of: (id: string) => keys.find((key) => key.id === id) };
};

describe("a dry run", () => {
  for (const strategy of STRATEGIES) {
    test(`${strategy}: names the key that the next request gets, and changes nothing`, () => {
      const keys = ["a", "b", "c"].map((id, n) => keyNamed(id, { weight: n + 1, createdAt: n }));
      const scene = testPool(keys, { strategy, rotationRequestCount: 2 });
      const twin = testPool(keys, { strategy, rotationRequestCount: 2 });
      const isChance = ["random", "least_connections", "least_latency", "most_headroom"].includes(strategy);
      for (let n = 0; n < 12; n += 1) {
        const told = explained(scene, { affinity: n });
        explained(scene, { affinity: n });
        expect(told.keys.filter(({ chosen }) => chosen).map(({ id }) => id)).toEqual([
          told.chosenKeyId ?? "",
        ]);
        const used = scene.use("ok", {}, { affinity: n });
        if (isChance) continue;
        expect(told.chosenKeyId).toBe(used);
        if (strategy !== "weighted") expect(twin.use("ok", {}, { affinity: n })).toBe(used);
      }
    });
  }

  test("says of each key in one sentence why it is or is not chosen", () => {
    const keys = [
      keyNamed("next"),
      keyNamed("other"),
      keyNamed("low", { priority: 3 }),
      keyNamed("off", { enabled: false }),
      keyNamed("busy", { maxConcurrency: 1 }),
      keyNamed("spent", { dailyLimit: 1 }),
      keyNamed("cooled"),
      keyNamed("modelled"),
      keyNamed("broke"),
      keyNamed("wrong"),
    ];
    const scene = testPool(keys);
    const on = (id: string) => {
      const tried = new Set(keys.map((key) => key.id));
      tried.delete(id);
      return scene.claim({ tried });
    };
    const end = (id: string, ...outcome: Parameters<typeof verdict>) =>
      scene.pool.release(on(id), { verdict: verdict(...outcome), usage: null, costUsd: null });
    on("busy");
    end("spent", "ok");
    end("cooled", "rate_limited", { waitMs: 60_000 });
    end("modelled", "rate_limited", { waitMs: 60_000, blame: "key_model" });
    end("broke", "no_credit");
    end("wrong", "invalid_key");
    const told = explained(scene);
    expect(told.keys.slice(0, 3).map(({ usable }) => usable)).toEqual([true, true, true]);
    expect(told.keys[0]).toMatchObject({
      chosen: true,
      reason: expect.stringMatching(/^Chosen: round_robin 1\/1\.$/),
    });
    expect(told.of("low")?.reason).toBe("Available, but of priority 3: keys of priority 0 are used first.");
    expect(told.of("off")?.reason).toBe("Disabled: Switched off by hand.");
    expect(told.of("busy")?.reason).toBe("Full: 1 of 1 requests at once are running.");
    expect(told.of("spent")?.reason).toBe("Daily limit reached: 1 of 1 requests used today.");
    expect(told.of("spent")?.until).toBe(Date.parse("2026-11-25T00:00:00Z"));
    expect(told.of("cooled")).toMatchObject({
      usable: false,
      reason: "Cooling down: because rate_limited",
      until: scene.clock.now() + 60_000,
    });
    expect(told.of("modelled")?.reason).toBe("Cooling down: because rate_limited");
    expect(explained(scene, { model: "other" }).of("modelled")?.usable).toBe(true);
    expect(told.of("broke")?.reason).toBe("Without credit: because no_credit");
    expect(told.of("wrong")).toMatchObject({ reason: "Invalid: because invalid_key", until: null });
    expect(told.totalKeys).toBe(10);
    expect(scene.pool.explain(ask(), 4).keys).toHaveLength(4);
  });

  test("without a key says what a client would be told", () => {
    const scene = testPool([keyNamed("a", { poolId: "p" }), keyNamed("b")]);
    scene.use("rate_limited", { waitMs: 5_000 }, { poolId: "p" });
    const told = explained(scene, { poolId: "p" });
    expect(told.chosenKeyId).toBeNull();
    expect(told.refusal).toMatchObject({ code: "keys_cooling_down", retryAfterMs: 5_000 });
    expect(told.keys.map(({ id }) => id)).toEqual(["a"]);
  });

  test("tells of a host that is out and of a key that is tried out", () => {
    const scene = testPool([keyNamed("a"), keyNamed("b"), keyNamed("c")]);
    for (let n = 0; n < 20; n += 1) scene.use("upstream_error");
    expect(explained(scene).keys[0]?.reason).toBe(
      "Its host has failed many times in a row and is given a pause.",
    );
    const other = testPool([keyNamed("a")]);
    other.use("no_credit");
    other.clock.advance(300_000);
    expect(explained(other, { free: true }).keys[0]?.reason).toStartWith("Being tried out");
    other.claim();
    expect(explained(other).keys[0]?.reason).toStartWith("Being tried out");
  });
});
