import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AdminServer, API_TOKEN, startAdmin } from "../support/admin-server.ts";

let admin: AdminServer;
beforeAll(async () => {
  admin = await startAdmin();
});
afterAll(() => admin.stop());

const withHeader = (name: string, value: string) => ({ authorization: `Bearer ${API_TOKEN}`, [name]: value });
const etagOf = ({ headers }: { headers: Headers }) => headers.get("etag") ?? "";

/** One thing of each kind, as a path and a change that it takes. */
async function things(): Promise<[path: string, change: object, other: object][]> {
  const name = Bun.randomUUIDv7();
  const pool = (await admin.call("POST", "/pools", { name })).json.id;
  const upstream = (await admin.call("POST", "/upstreams", { name, base_url: "https://a.example/v1" })).json
    .id;
  const key = (await admin.call("POST", "/keys", { secret: `sk-${name}` })).json.id;
  return [
    [`/pools/${pool}`, { description: "mine" }, { color: "#123456" }],
    [`/upstreams/${upstream}`, { name: `${name} b` }, { base_url: "https://b.example/v1" }],
    [`/keys/${key}`, { weight: 7 }, { tags: ["theirs"] }],
    ["/settings", { max_retries: 1 }, { max_retries: 2 }],
  ];
}

describe("If-Match", () => {
  test("a change of what somebody else changed meanwhile is refused with 412, and changes nothing", async () => {
    for (const [path, change, other] of await things()) {
      const before = etagOf(await admin.call("GET", path));
      expect([path, before]).toEqual([path, expect.stringMatching(/^"[\w-]{22}"$/)]);
      const theirs = await admin.call("PATCH", path, other, withHeader("if-match", before));
      expect([path, theirs.status]).toEqual([path, 200]);
      expect(etagOf(theirs)).not.toBe(before);

      const mine = await admin.call("PATCH", path, change, withHeader("if-match", before));
      expect([path, mine.status, mine.json.error.code]).toEqual([path, 412, "changed_meanwhile"]);
      expect(etagOf(await admin.call("GET", path))).toBe(etagOf(theirs));

      const again = await admin.call("PATCH", path, change, withHeader("if-match", `"x", ${etagOf(theirs)}`));
      expect([path, again.status]).toEqual([path, 200]);
      if (path === "/settings") continue;
      const gone = (etag: string) => admin.call("DELETE", path, undefined, withHeader("if-match", etag));
      expect([path, (await gone(before)).status]).toEqual([path, 412]);
      // As a proxy that compresses passes it on.
      expect([path, (await gone(`W/${etagOf(again)}`)).status]).toEqual([path, 204]);
    }
  });

  test("of two changes at once that saw the same, one wins", async () => {
    const [[path] = [""]] = await things();
    const etag = etagOf(await admin.call("GET", path));
    const names = Array.from({ length: 10 }, (_, index) => `at once ${index}`);
    const answers = await Promise.all(
      names.map((name) => admin.call("PATCH", path, { name }, withHeader("if-match", etag))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(412)]);
  });

  test("what is used does not change a key's etag, what is said of it does", async () => {
    const { json, headers } = await admin.call("POST", "/keys", { secret: "sk-etag-counted-01" });
    const { etag } = Object.fromEntries(headers);
    const claim = admin.pool.claim({ model: null, poolId: null, strategy: null, tried: new Set() });
    expect(claim.lease).not.toBeNull();
    expect(etagOf(await admin.call("GET", `/keys/${json.id}`))).toBe(etag ?? "");
    await admin.call("POST", "/keys/bulk", { ids: [json.id], action: "disable" });
    expect(etagOf(await admin.call("GET", `/keys/${json.id}`))).not.toBe(etag ?? "");
  });

  test("* and no header take any state; what is no etag is refused", async () => {
    const [[path] = [""]] = await things();
    expect((await admin.call("PATCH", path, { icon: "a" }, withHeader("if-match", "*"))).status).toBe(200);
    for (const wrong of ["abc", '"a" "b"', '"a', `"${"x".repeat(2_000)}"`]) {
      const { status, json } = await admin.call("PATCH", path, { icon: "b" }, withHeader("if-match", wrong));
      expect([wrong.slice(0, 9), status]).toEqual([wrong.slice(0, 9), 422]);
      expect(json.error.fields).toHaveProperty("if-match");
    }
  });
});

describe("Idempotency-Key", () => {
  const create = (key: string, body: unknown, path = "/pools") =>
    admin.call("POST", path, body, withHeader("idempotency-key", key));

  test("a create that is repeated, also at once, adds one and answers the same", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => create("a-1", { name: "only once" })));
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    expect(answers.filter(({ headers }) => headers.get("idempotency-replayed") === "true")).toHaveLength(7);
    expect((await admin.call("GET", "/pools?q=only%20once")).json.data).toHaveLength(1);
    expect(etagOf(answers[7]!)).toBe(etagOf(answers[0]!));
  });

  test("the same key with another body or for another thing is refused", async () => {
    await create("b-1", { name: "first body" });
    for (const [body, path] of [
      [{ name: "second body" }, "/pools"],
      [{ name: "first body" }, "/upstreams"],
    ] as const) {
      const { status, json } = await create("b-1", body, path);
      expect([status, Object.keys(json.error.fields)]).toEqual([422, ["idempotency-key"]]);
    }
    expect((await create("c".repeat(256), { name: "long" })).status).toBe(422);
  });

  test("a create that failed may be repeated, and after a day a key is new again", async () => {
    expect((await create("d-1", { name: "" })).status).toBe(422);
    expect((await create("d-1", { name: "now right" })).status).toBe(201);
    admin.clock.advance(24 * 3_600_000 + 1);
    expect((await create("d-1", { name: "a day later" })).json.name).toBe("a day later");
  });

  test("keeps a bounded number", async () => {
    await create("oldest", { name: "the oldest" });
    for (let number = 0; number < 1_000; number += 1) {
      const { json } = await create(`many-${number}`, { secret: `sk-many-${number}` }, "/keys");
      await admin.call("DELETE", `/keys/${json.id}`);
    }
    // Forgotten by now, so it is tried anew, and the name is taken.
    expect((await create("oldest", { name: "the oldest" })).status).toBe(409);
  });
});
