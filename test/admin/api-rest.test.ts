import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { settingRows } from "../../src/settings.ts";
import type { RequestRecord } from "../../src/types.ts";
import { type AdminServer, startAdmin } from "../support/admin-server.ts";

let admin: AdminServer;
beforeAll(async () => {
  admin = await startAdmin({
    checkBaseUrl: (url) => (url.includes("169.254") ? "give another address: this one is link-local" : null),
  });
});
afterAll(() => admin.stop());

const GOOGLE = "https://generativelanguage.googleapis.com/v1beta/openai";

describe("pools", () => {
  test("are made, changed, listed and deleted", async () => {
    const made = await admin.call("POST", "/pools", { name: " Blue ", color: "#AABBCC", strategy: "random" });
    expect(made.status).toBe(201);
    expect(made.json).toEqual({
      id: made.json.id,
      name: "Blue",
      description: "",
      color: "#aabbcc",
      icon: "",
      strategy: "random",
      created_at: "2026-11-24T12:00:00.000Z",
    });
    expect((await admin.call("POST", "/pools", { name: "blue" })).json.error.code).toBe("conflict");
    const changed = await admin.call("PATCH", `/pools/${made.json.id}`, { description: "d", strategy: null });
    expect(changed.json).toEqual({ ...made.json, description: "d", strategy: null });
    expect((await admin.call("GET", "/pools?q=blu&limit=1")).json).toEqual({
      data: [changed.json],
      next_cursor: null,
    });
    expect(admin.told.pools.at(-1)).toMatchObject([{ name: "Blue", description: "d" }]);
    const bad = await admin.call("PATCH", `/pools/${made.json.id}`, {
      name: "a/b",
      color: "red",
      icon: "<svg>",
    });
    expect(Object.keys(bad.json.error.fields)).toEqual(["name", "color", "icon"]);
    const later = await admin.call("PATCH", `/pools/${made.json.id}`, { strategy: "the_best" });
    expect(later.json.error.fields.strategy).toContain("round_robin");
    expect((await admin.call("DELETE", `/pools/${made.json.id}`)).status).toBe(204);
    expect((await admin.call("GET", `/pools/${made.json.id}`)).status).toBe(404);
    expect(admin.told.pools.at(-1)).toEqual([]);
  });
});

describe("upstreams", () => {
  test("the default one is there from the beginning, with its health", async () => {
    const { data } = (await admin.call("GET", "/upstreams")).json;
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({
      name: "Google AI Studio",
      base_url: GOOGLE,
      auth_style: "bearer",
      is_default: true,
    });
    expect(data[0].health).toEqual({
      breaker: "closed",
      open_until: null,
      failures_in_a_row: 0,
      last_failure: null,
    });
    const presets = (await admin.call("GET", "/upstreams/presets")).json.data;
    expect(presets.map(({ base_url }: { base_url: string }) => base_url)).toContain(
      "https://api.openai.com/v1",
    );
  });

  test("another becomes the default, and api_endpoint goes with it", async () => {
    const [first] = (await admin.call("GET", "/upstreams")).json.data;
    const second = await admin.call("POST", "/upstreams", {
      name: "second",
      base_url: "http://127.0.0.1:9/v1//",
      auth_style: "x-api-key",
      is_default: true,
    });
    expect(second.status).toBe(201);
    expect(second.json).toMatchObject({ base_url: "http://127.0.0.1:9/v1", is_default: true });
    expect((await admin.call("GET", "/settings")).json.api_endpoint).toBe("http://127.0.0.1:9/v1");
    expect((await admin.call("GET", `/upstreams/${first.id}`)).json.is_default).toBe(false);
    expect((await admin.call("PATCH", `/upstreams/${second.json.id}`, { is_default: false })).status).toBe(
      422,
    );
    expect((await admin.call("DELETE", `/upstreams/${second.json.id}`)).json.error.code).toBe("conflict");
    await admin.call("PATCH", `/upstreams/${first.id}`, { is_default: true });
    expect((await admin.call("GET", "/settings")).json.api_endpoint).toBe(GOOGLE);
    expect((await admin.call("DELETE", `/upstreams/${second.json.id}`)).status).toBe(204);
    expect(admin.told.upstreams.at(-1)).toMatchObject([{ id: first.id, isDefault: true }]);
  });

  test("addresses that keys may not go to are refused", async () => {
    const bad = [
      "ftp://x",
      "http://u:p@x/v1",
      "http://x/v1?k=1",
      "http://169.254.169.254/v1",
      "",
      "nonsense",
    ];
    for (const base_url of bad) {
      const { status, json } = await admin.call("POST", "/upstreams", { name: "bad", base_url });
      expect([base_url, status]).toEqual([base_url, 422]);
      expect(json.error.fields.base_url).toBeString();
      const setting = await admin.call("PATCH", "/settings", { api_endpoint: base_url || "http://" });
      expect([base_url, setting.status]).toEqual([base_url, 422]);
    }
    expect((await admin.call("GET", "/upstreams")).json.data).toHaveLength(1);
  });

  test("one with keys stays; a changed base URL clears its keys' status", async () => {
    const upstream = (
      await admin.call("POST", "/upstreams", { name: "busy", base_url: "http://127.0.0.1:9" })
    ).json;
    const key = (await admin.call("POST", "/keys", { secret: "sk-busy-000001", upstream_id: upstream.id }))
      .json;
    const refused = await admin.call("DELETE", `/upstreams/${upstream.id}`);
    expect(refused.json.error).toEqual({
      message: 'The upstream "busy" has 1 key: move or delete it first.',
      code: "conflict",
    });
    admin.pool.release(admin.pool.claimKey(key.id)!, {
      verdict: {
        outcome: "invalid_key",
        blame: "key",
        retry: true,
        cooldownMs: null,
        strike: false,
        clientStatus: 503,
        reason: "wrong key",
      },
      usage: null,
      costUsd: null,
    });
    expect((await admin.call("GET", `/keys/${key.id}`)).json.status).toBe("invalid");
    await admin.call("PATCH", `/upstreams/${upstream.id}`, { name: "busier" });
    expect((await admin.call("GET", `/keys/${key.id}`)).json.status).toBe("invalid");
    await admin.call("PATCH", `/upstreams/${upstream.id}`, { base_url: "http://127.0.0.1:10" });
    const cleared = (await admin.call("GET", `/keys/${key.id}`)).json;
    expect(cleared).toMatchObject({ status: "available", request_count: 1 });
    await admin.call("DELETE", `/keys/${key.id}`);
    expect((await admin.call("DELETE", `/upstreams/${upstream.id}`)).status).toBe(204);
  });
});

describe("settings", () => {
  test("are one flat object, changed all or nothing, told before → after", async () => {
    const before = (await admin.call("GET", "/settings")).json;
    expect(Object.keys(before)).toEqual(settingRows.map(({ name }) => name));
    const patch = { max_retries: 5, strategy: "random", default_daily_limit: 100 };
    const changed = await admin.call("PATCH", "/settings", patch);
    expect(changed.json).toEqual({ ...before, ...patch });
    const [event] = (await admin.call("GET", "/logs?kind=key_event&limit=1")).json.data;
    expect(event).toMatchObject({ event: "settings_changed", actor: "api", key_id: null });
    expect(event.detail).toBe(
      "strategy: round_robin → random; max_retries: 3 → 5; default_daily_limit: none → 100",
    );
    const bad = await admin.call("PATCH", "/settings", { max_retries: 1, strategy: "psychic", no_such: 1 });
    expect(Object.keys(bad.json.error.fields)).toEqual(["strategy", "no_such"]);
    expect((await admin.call("GET", "/settings")).json).toEqual(changed.json);
    const some = await admin.call("POST", "/settings/reset", { names: ["strategy"] });
    expect(some.json).toEqual({ ...changed.json, strategy: "round_robin" });
    expect(
      (await admin.call("POST", "/settings/reset", { names: ["nope"] })).json.error.fields,
    ).toHaveProperty("nope");
    expect((await admin.call("POST", "/settings/reset")).json).toEqual(before);
    expect(await admin.storage.settings.all()).toEqual({});
  });

  test("api_endpoint moves the default upstream, and names it by its preset until somebody names it", async () => {
    await admin.call("PATCH", "/settings", { api_endpoint: "https://openrouter.ai/api/v1/" });
    const [moved] = (await admin.call("GET", "/upstreams")).json.data;
    expect(moved).toMatchObject({
      name: "OpenRouter",
      base_url: "https://openrouter.ai/api/v1",
      is_default: true,
    });
    expect(admin.told.upstreams.at(-1)?.[0]?.baseUrl).toBe("https://openrouter.ai/api/v1");
    await admin.call("PATCH", `/upstreams/${moved.id}`, { name: "Ours" });
    await admin.call("POST", "/settings/reset", { names: ["api_endpoint"] });
    const [back] = (await admin.call("GET", "/upstreams")).json.data;
    expect(back).toMatchObject({ name: "Ours", base_url: GOOGLE });
  });
});

describe("logs", () => {
  test("have requests with attempts, errors alone, one request, filters and pages", async () => {
    const started = Date.parse("2026-11-24T11:00:00Z");
    const requests = [0, 1, 2, 3].map((n) =>
      record(`r${n}`, started + n * 1_000, n === 2 ? "rate_limited" : "ok"),
    );
    await admin.storage.writeBatch({ requests, keyStates: [], keyEvents: [], rotations: [] });
    const first = (await admin.call("GET", "/logs?limit=3")).json;
    expect(first.data.map(({ id }: { id: string }) => id)).toEqual(["r3", "r2", "r1"]);
    const second = (await admin.call("GET", `/logs?limit=3&cursor=${first.next_cursor}`)).json;
    expect(second.data.map(({ id }: { id: string }) => id)).toEqual(["r0"]);
    expect((await admin.call("GET", "/logs?kind=error")).json.data).toHaveLength(1);
    const filtered =
      "/logs?model=m1&status=200&outcome=ok&from=2026-11-24T10:00:00Z&to=2026-11-24T12:00:00%2B00:00&q=m1&limit=2&key_id=k1";
    expect((await admin.call("GET", filtered)).json.data.map(({ id }: { id: string }) => id)).toEqual([
      "r3",
      "r1",
    ]);
    const one = (await admin.call("GET", "/logs/r2")).json;
    expect(one).toEqual({
      ...first.data[1],
      request_headers: null,
      response_headers: null,
      request_body: null,
      request_body_is_cut: false,
      response_body: null,
      response_body_is_cut: false,
    });
    expect(one.started_at).toBe("2026-11-24T11:00:02.000Z");
    expect(one.attempts).toEqual([
      {
        key_id: "k1",
        upstream_id: "u1",
        started_at: "2026-11-24T11:00:02.000Z",
        wait_ms: 1,
        duration_ms: 20,
        status: 429,
        outcome: "rate_limited",
        chosen_because: "round robin",
        error: "slow down",
      },
    ]);
    expect((await admin.call("GET", "/logs/none")).status).toBe(404);
    expect((await admin.call("GET", "/logs?limit=501")).json.error.fields.limit).toBeString();
    expect((await admin.call("GET", "/logs?cursor=x")).json.error.fields.cursor).toBeString();
    expect((await admin.call("GET", "/logs?kind=everything")).json.error.fields.kind).toContain("key_event");
    expect((await admin.call("GET", "/logs?from=yesterday")).json.error.fields.from).toContain("ISO 8601");
  });
});

test("monitoring tells keys, traffic, recorder, version and uptime", async () => {
  const left = (await admin.call("GET", "/keys")).json.data;
  await admin.operations.keys.remove(
    left.map(({ id }: { id: string }) => id),
    "admin",
  );
  await admin.call("POST", "/keys", { secret: "sk-monitor-0001" });
  await admin.call("POST", "/keys", { secret: "sk-monitor-0002", enabled: false });
  admin.live.began();
  admin.live.ended(record("live", admin.clock.now(), "rate_limited"));
  admin.clock.advance(2_500);
  const { json } = await admin.call("GET", "/monitoring");
  expect(json).toMatchObject({
    at: "2026-11-24T12:00:02.500Z",
    version: "1.2.3",
    uptime_s: 2,
    keys: { total: 2, usable: 1, by_status: { available: 1, disabled: 1, cooling: 0, invalid: 0 } },
    requests: { in_flight: 0, last_minute: 1, today: 1, errors_today: 1, failovers_today: 0 },
    tokens: { input_today: 3, output_today: 4 },
    ttft_ms: { p50: 5, p95: 5 },
    recorder: { queued: 3, dropped: 0, last_error: null },
  });
  expect(json.minutes).toHaveLength(60);
  expect(json.last_failures[0]).toMatchObject({
    request_id: "live",
    key_id: "k1",
    status: 429,
    served_by_key_id: null,
  });
});

function record(id: string, startedAt: number, outcome: "ok" | "rate_limited"): RequestRecord {
  const failed = outcome !== "ok";
  return {
    id,
    startedAt,
    endpoint: "/chat/completions",
    model: "m1",
    servedModel: "m1",
    stream: false,
    poolId: null,
    clientAddress: "127.0.0.1",
    userAgent: "test",
    status: failed ? 429 : 200,
    outcome,
    ttftMs: 5,
    durationMs: 20,
    inputTokens: 3,
    outputTokens: 4,
    cachedTokens: null,
    reasoningTokens: null,
    usageSource: "upstream",
    costUsd: null,
    requestBytes: 10,
    responseBytes: 20,
    error: failed ? "slow down" : null,
    attempts: [
      {
        keyId: "k1",
        upstreamId: "u1",
        startedAt,
        waitMs: 1,
        durationMs: 20,
        status: failed ? 429 : 200,
        outcome,
        chosenBecause: "round robin",
        error: failed ? "slow down" : null,
      },
    ],
  };
}
