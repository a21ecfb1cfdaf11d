import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AdminServer, API_TOKEN, PASSWORD, startAdmin } from "../support/admin-server.ts";

let admin: AdminServer;
beforeAll(async () => {
  admin = await startAdmin();
});
afterAll(() => admin.stop());

const secret = (number: number) => `sk-test-${String(number).padStart(20, "0")}`;
let next = 100;
async function newKey(more: Record<string, unknown> = {}) {
  next += 1;
  const { status, json } = await admin.call("POST", "/keys", { secret: secret(next), ...more });
  expect(status).toBe(201);
  return json;
}

describe("one key", () => {
  test("is created with everything, shown without its secret, and found again", async () => {
    const pool = (await admin.call("POST", "/pools", { name: "first" })).json;
    const given = {
      name: "Mine",
      pool_id: pool.id,
      tags: ["a", "b", "a"],
      weight: 5,
      priority: 2,
      daily_limit: 100,
      rpm_limit: 10,
      tpm_limit: 1000,
      max_concurrency: 4,
      enabled: false,
    };
    const made = await admin.call("POST", "/keys", { secret: `  ${secret(1)}\n`, ...given });
    expect(made.status).toBe(201);
    expect(made.text).not.toContain(secret(1));
    expect(made.json).toMatchObject({
      ...given,
      tags: ["a", "b"],
      masked_secret: "sk-t…0001",
      status: "disabled",
    });
    expect(Object.keys(made.json).sort()).toEqual(
      (
        "id name masked_secret pool_id upstream_id tags weight priority enabled status status_reason cooldown_until " +
        "cooldowns in_flight daily_limit daily_used rpm_limit tpm_limit max_concurrency request_count success_count " +
        "failure_count input_tokens output_tokens cost_usd strikes last_used_at created_at"
      )
        .split(" ")
        .sort(),
    );
    expect(made.json.created_at).toBe("2026-11-24T12:00:00.000Z");
    const got = await admin.call("GET", `/keys/${made.json.id}`);
    expect(got.json).toEqual(made.json);
  });

  test("gets the next free number as its name and the defaults", async () => {
    const first = await newKey();
    const second = await newKey({ name: "   " });
    expect(first.name).toMatch(/^key-\d\d$/);
    expect(Number(second.name.slice(4))).toBe(Number(first.name.slice(4)) + 1);
    expect(first).toMatchObject({
      weight: 1,
      priority: 0,
      daily_limit: null,
      enabled: true,
      tags: [],
      pool_id: null,
    });
  });

  test("whose secret is there already is refused with the other's name", async () => {
    const key = await newKey({ name: "the one" });
    const again = await admin.call("POST", "/keys", { secret: secret(next) });
    expect(again.status).toBe(409);
    expect(again.json.error).toEqual({
      message: 'This secret is there already as "the one".',
      code: "conflict",
    });
    const other = await admin.call("POST", "/upstreams", {
      name: "other",
      base_url: "http://127.0.0.1:9/v1",
    });
    const there = await admin.call("POST", "/keys", { secret: secret(next), upstream_id: other.json.id });
    expect(there.status).toBe(201);
    expect(there.json.id).not.toBe(key.id);
    const moved = await admin.call("PATCH", `/keys/${there.json.id}`, { upstream_id: key.upstream_id });
    expect(moved.status).toBe(409);
  });

  test("is changed field by field, and nothing of a change with one bad field", async () => {
    const key = await newKey({ name: "before", tags: ["x"], daily_limit: 5 });
    const changed = await admin.call("PATCH", `/keys/${key.id}`, { name: "after", daily_limit: null });
    expect(changed.status).toBe(200);
    expect(changed.json).toEqual({ ...key, name: "after", daily_limit: null });
    const bad = await admin.call("PATCH", `/keys/${key.id}`, {
      name: "no",
      weight: 0,
      priority: 1.5,
      tags: ["a,b"],
    });
    expect(bad.status).toBe(422);
    expect(bad.json.error.code).toBe("invalid_input");
    expect(bad.json.error.fields).toEqual({
      weight: "give a whole number from 1 to 1000",
      priority: "give a whole number from 0 to 100",
      tags: "give tags without commas in them",
    });
    expect((await admin.call("GET", `/keys/${key.id}`)).json).toEqual(changed.json);
  });

  test("starts afresh with a new secret", async () => {
    const key = await newKey();
    cool(key.id);
    expect((await admin.call("GET", `/keys/${key.id}`)).json.status).toBe("cooling");
    next += 1;
    const replaced = await admin.call("PATCH", `/keys/${key.id}`, { secret: secret(next) });
    expect(replaced.json).toMatchObject({ status: "available", masked_secret: `sk-t…0${next}`, strikes: 0 });
    const back = await admin.call("POST", "/keys", { secret: secret(next) });
    expect(back.status).toBe(409);
    const events = await admin.call("GET", `/logs?kind=key_event&key_id=${key.id}`);
    expect(events.json.data[0]).toMatchObject({
      event: "edited",
      detail: `secret replaced by sk-t…0${next}`,
      actor: "api",
    });
  });

  test("is reset, tested and deleted", async () => {
    const key = await newKey();
    cool(key.id);
    const cooling = (await admin.call("GET", `/keys/${key.id}`)).json;
    expect(cooling.cooldown_until).toBe("2026-11-24T12:00:42.000Z");
    expect(cooling.cooldowns).toEqual([
      { model: null, until: "2026-11-24T12:00:42.000Z", reason: "slow down" },
    ]);
    const reset = await admin.call("POST", `/keys/${key.id}/reset`);
    expect(reset.json).toMatchObject({ status: "available", cooldown_until: null, cooldowns: [] });
    const tested = await admin.call("POST", `/keys/${key.id}/test`);
    expect(tested.json).toEqual({ outcome: "ok", status: 200, latency_ms: 12, message: "It works." });
    const deleted = await admin.call("DELETE", `/keys/${key.id}`);
    expect(deleted.status).toBe(204);
    expect(deleted.text).toBe("");
    expect((await admin.call("GET", `/keys/${key.id}`)).status).toBe(404);
    expect((await admin.call("DELETE", `/keys/${key.id}`)).json.error.code).toBe("not_found");
    const events = await admin.call("GET", `/logs?kind=key_event&key_id=${key.id}`);
    expect(events.json.data.map(({ event }: { event: string }) => event)).toEqual([
      "deleted",
      "tested",
      "reset",
      "added",
    ]);
  });

  function cool(id: string): void {
    const lease = admin.pool.claimKey(id)!;
    admin.pool.release(lease, {
      verdict: {
        outcome: "rate_limited",
        blame: "key",
        retry: true,
        cooldownMs: 42_000,
        strike: false,
        clientStatus: 429,
        reason: "slow down",
      },
      usage: null,
      costUsd: null,
    });
  }
});

describe("many keys", () => {
  test("are listed in pages, searched, filtered and sorted", async () => {
    const tag = "paging";
    const names = ["delta", "Alpha", "charlie", "Bravo", "echo"];
    for (const name of names) await newKey({ name, tags: [tag], enabled: name !== "echo" });
    const seen: string[] = [];
    let cursor = "";
    for (let pages = 0; pages < 5; pages += 1) {
      const page = await admin.call("GET", `/keys?tag=${tag}&sort=name&limit=2&cursor=${cursor}`);
      seen.push(...page.json.data.map(({ name }: { name: string }) => name));
      cursor = page.json.next_cursor;
      if (cursor === null) break;
    }
    expect(seen).toEqual(["Alpha", "Bravo", "charlie", "delta", "echo"]);
    const backwards = await admin.call("GET", `/keys?tag=${tag}&sort=-name&limit=1`);
    expect(backwards.json.data[0].name).toBe("echo");
    const found = await admin.call("GET", "/keys?q=ALPH");
    expect(found.json.data.map(({ name }: { name: string }) => name)).toEqual(["Alpha"]);
    const off = await admin.call("GET", `/keys?tag=${tag}&status=disabled`);
    expect(off.json).toMatchObject({ data: [{ name: "echo" }], next_cursor: null });
  });

  test("a query that does not fit is refused by name", async () => {
    const bad = await admin.call("GET", "/keys?limit=501&sort=secret");
    expect(bad.json.error).toMatchObject({ code: "invalid_input", fields: { limit: expect.any(String) } });
    expect((await admin.call("GET", "/keys?sort=secret")).json.error.fields.sort).toContain("created_at");
    expect((await admin.call("GET", "/keys?sort=constructor")).status).toBe(422);
    expect((await admin.call("GET", "/keys?status=broken")).json.error.fields.status).toContain(
      "one of available",
    );
    expect((await admin.call("GET", "/keys?limit=many")).json.error.fields.limit).toBeString();
    expect((await admin.call("GET", "/keys?cursor=!!")).json.error.fields.cursor).toBeString();
  });

  test("are enabled, disabled, moved, reset and deleted at once: all or none", async () => {
    const pool = (await admin.call("POST", "/pools", { name: "second" })).json;
    const ids = [(await newKey()).id, (await newKey()).id];
    const bulk = (body: unknown) => admin.call("POST", "/keys/bulk", body);
    const statuses = async () =>
      Promise.all(ids.map(async (id) => (await admin.call("GET", `/keys/${id}`)).json.status));

    expect((await bulk({ action: "disable", ids: [...ids, ids[0]] })).json).toEqual({ count: 2 });
    expect(await statuses()).toEqual(["disabled", "disabled"]);
    expect((await bulk({ action: "enable", ids: [...ids, "nobody"] })).status).toBe(404);
    expect(await statuses()).toEqual(["disabled", "disabled"]);
    expect((await bulk({ action: "enable", ids })).status).toBe(200);
    expect(await statuses()).toEqual(["available", "available"]);
    expect((await bulk({ action: "move", ids, pool_id: pool.id })).status).toBe(200);
    expect((await admin.call("GET", `/keys?pool_id=${pool.id}`)).json.data).toHaveLength(2);
    expect((await admin.call("DELETE", `/pools/${pool.id}`)).status).toBe(409);
    expect((await bulk({ action: "move", ids, pool_id: "nowhere" })).json.error.fields.pool_id).toBeString();
    expect((await bulk({ action: "move", ids })).json.error.fields.pool_id).toBeString();
    expect((await bulk({ action: "move", ids, pool_id: null })).status).toBe(200);
    expect((await admin.call("DELETE", `/pools/${pool.id}`)).status).toBe(204);
    expect((await bulk({ action: "explode", ids })).json.error.fields.action).toContain("one of enable");
    expect((await bulk({ action: "reset", ids })).status).toBe(200);
    expect((await bulk({ action: "delete", ids })).status).toBe(200);
    expect((await admin.call("GET", `/keys/${ids[0]}`)).status).toBe(404);
  });

  test("are limited and tagged in bulk, and what is missing is said before anything is changed", async () => {
    const ids: string[] = [];
    for (const n of [951, 952]) ids.push((await admin.call("POST", "/keys", { secret: secret(n) })).json.id);
    const bulk = (body: object) => admin.call("POST", "/keys/bulk", { ids, ...body });
    const first = async () => (await admin.call("GET", `/keys/${ids[0]}`)).json;
    expect((await bulk({ action: "set_limits", daily_limit: 9, rpm_limit: 2 })).json).toEqual({ count: 2 });
    expect((await bulk({ action: "set_limits", rpm_limit: null })).status).toBe(200);
    expect(await first()).toMatchObject({ daily_limit: 9, rpm_limit: null });
    expect((await bulk({ action: "set_limits" })).json.error.fields.daily_limit).toBeString();
    expect((await bulk({ action: "set_limits", daily_limit: 0 })).json.error.fields.daily_limit).toBeString();
    expect((await bulk({ action: "add_tags", tags: ["a", "b"] })).status).toBe(200);
    expect((await bulk({ action: "remove_tags", tags: ["a"] })).status).toBe(200);
    expect((await first()).tags).toEqual(["b"]);
    expect((await bulk({ action: "add_tags" })).json.error.fields.tags).toBeString();
    expect((await bulk({ action: "delete" })).json).toEqual({ count: 2 });
  });

  test("say in a sentence what each status means", async () => {
    const { id } = (await admin.call("POST", "/keys", { secret: secret(961) })).json;
    const reason = async () => (await admin.call("GET", `/keys/${id}`)).json.status_reason;
    expect(await reason()).toBe("Takes its turn.");
    await admin.call("PATCH", `/keys/${id}`, { enabled: false });
    expect(await reason()).toBe("Switched off by hand; waits until someone enables it.");
    await admin.call("DELETE", `/keys/${id}`);
  });

  test("are exported; with their secrets only for the password, which is noted and can't be guessed", async () => {
    const { id } = (await admin.call("POST", "/keys", { secret: secret(971), name: "whole", tags: ["x"] }))
      .json;
    const headers = { authorization: `Bearer ${API_TOKEN}` };
    const get = (query: string, more = {}) =>
      admin.call("GET", `/keys/export${query}`, undefined, { ...headers, ...more });
    const plain = await get("");
    expect(plain.headers.get("content-disposition")).toMatch(
      /^attachment; filename="keys-\d{4}-\d\d-\d\d\.json"$/,
    );
    expect(plain.text).not.toContain(secret(971));
    expect(plain.json.find((key: { name: string }) => key.name === "whole")).toMatchObject({ tags: ["x"] });
    expect((await get("?secrets=true")).json.error.code).toBe("wrong_password");
    const wrong = await get("?secrets=true", { "x-admin-password": "guess" });
    expect([wrong.status, wrong.headers.get("retry-after")]).toEqual([403, "1"]);
    expect((await get("?secrets=true", { "x-admin-password": PASSWORD })).status).toBe(429);
    admin.clock.advance(2_000);
    const whole = await get("?secrets=true", { "x-admin-password": PASSWORD });
    expect(whole.headers.get("cache-control")).toBe("no-store");
    expect(whole.json.find((key: { name: string }) => key.name === "whole").secret).toBe(secret(971));
    const { data } = await admin.storage.keyEvents.list({ kind: "key_event", limit: 5, cursor: null });
    expect(data[0]).toMatchObject({ event: "exported", actor: "api" });
    await admin.call("DELETE", `/keys/${id}`);
    const again = await admin.call("POST", "/keys/import", whole.text);
    expect(again.json.added).toBe(1);
    await admin.call("DELETE", `/keys/${again.json.added_ids[0]}`);
  });

  test("are imported as text, as {text, …} and as an array, with a report by row", async () => {
    const pool = (await admin.call("POST", "/pools", { name: "imported" })).json;
    const lines = [
      `one: ${secret(901)}`,
      "",
      "# a comment",
      secret(902),
      secret(901),
      "bad line here",
      "short",
    ];
    const text = await admin.call("POST", "/keys/import", lines.join("\r\n"));
    expect(text.status).toBe(200);
    expect(text.json.added).toBe(2);
    expect(text.json.added_ids).toHaveLength(2);
    expect(text.json.skipped).toEqual([
      { row: 5, reason: "twice in this text (row 1)" },
      { row: 6, reason: expect.stringContaining("malformed: ") },
      { row: 7, reason: "malformed: secret: give 8 to 500 characters" },
    ]);
    const shared = {
      text: `${secret(903)}\n${secret(901)}`,
      pool_id: pool.id,
      tags: ["bulk"],
      daily_limit: 7,
    };
    const wrapped = await admin.call("POST", "/keys/import", shared);
    expect(wrapped.json).toMatchObject({ added: 1, skipped: [{ row: 2, reason: "duplicate of one" }] });
    const key = (await admin.call("GET", `/keys/${wrapped.json.added_ids[0]}`)).json;
    expect(key).toMatchObject({ pool_id: pool.id, tags: ["bulk"], daily_limit: 7 });
    const array = await admin.call("POST", "/keys/import", [
      secret(904),
      { secret: secret(905), weight: 3 },
      null,
    ]);
    expect(array.json).toMatchObject({
      added: 2,
      skipped: [{ row: 3, reason: "malformed: neither a text nor an object" }],
    });
    const nowhere = await admin.call("POST", "/keys/import", { text: secret(906), pool_id: "nowhere" });
    expect(nowhere.status).toBe(422);
    expect(nowhere.json.error.fields).toEqual({ pool_id: "give the id of a pool that exists" });
    expect((await admin.call("POST", "/keys/import", "  \n")).status).toBe(422);
    for (const { text: shown } of [text, wrapped, array]) expect(shown).not.toContain("sk-test-");
  });
});
