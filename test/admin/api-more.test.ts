import { afterEach, beforeEach, expect, test } from "bun:test";
import { type AdminServer, API_TOKEN, PASSWORD, startAdmin } from "../support/admin-server.ts";

/** What the pages had before the API: secrets, deleted keys, what an upstream's keys list. */
const SECRET = "sk-more-0123456789abcdef";
let admin: AdminServer;
let id: string;
beforeEach(async () => {
  admin = await startAdmin();
  id = (await admin.operations.keys.add({ secret: SECRET }, "admin")).id;
});
afterEach(() => admin.stop());

const withPassword = (password: string) => ({
  authorization: `Bearer ${API_TOKEN}`,
  "x-admin-password": password,
});

test("a secret is shown for the admin password only, and that is noted", async () => {
  const path = `/keys/${id}/reveal`;
  const refused = await admin.call("POST", path);
  expect([refused.status, refused.json.error.code]).toEqual([403, "wrong_password"]);
  expect((await admin.call("POST", path, undefined, withPassword("wrong"))).status).toBe(403);
  admin.clock.advance(2_000);
  const shown = await admin.call("POST", path, undefined, withPassword(PASSWORD));
  expect([shown.status, shown.json]).toEqual([200, { secret: SECRET }]);
  expect(shown.headers.get("cache-control")).toBe("no-store");
  const { json } = await admin.call("GET", `/logs?kind=key_event&key_id=${id}`);
  expect(json.data.map(({ event }: { event: string }) => event)).toEqual(["revealed", "added"]);
  expect((await admin.call("POST", "/keys/none/reveal", undefined, withPassword(PASSWORD))).status).toBe(404);
});

test("a deleted key comes back", async () => {
  await admin.call("DELETE", `/keys/${id}`);
  expect((await admin.call("GET", `/keys/${id}`)).status).toBe(404);
  expect(await admin.call("POST", `/keys/${id}/restore`)).toMatchObject({ status: 200, json: { id } });
  expect((await admin.call("GET", `/keys/${id}`)).status).toBe(200);
  expect((await admin.call("POST", "/keys/none/restore")).status).toBe(404);
});

test("a key whose pool is gone does not come back", async () => {
  const pool = (await admin.call("POST", "/pools", { name: "short-lived" })).json;
  await admin.call("PATCH", `/keys/${id}`, { pool_id: pool.id });
  await admin.call("DELETE", `/keys/${id}`);
  await admin.call("DELETE", `/pools/${pool.id}`);
  const { status, json } = await admin.call("POST", `/keys/${id}/restore`);
  expect([status, json.error.message]).toEqual([409, expect.stringContaining("deleted meanwhile")]);
});

test("a list of keys is checked without being added, CSV and .env too", async () => {
  const lists = [
    "name,secret,tags\nfirst,sk-new-0000000001,free\nsecond,no good,",
    "FIRST_KEY=sk-new-0000000001\n# a comment\nSECOND_KEY=no good",
  ];
  for (const text of lists) {
    const { status, json } = await admin.call("POST", "/keys/import?dry_run=true", text);
    expect([status, json.added, json.added_ids]).toEqual([200, 1, []]);
    expect(json.skipped).toEqual([{ row: 3, reason: expect.stringContaining("malformed") }]);
  }
  expect(admin.pool.views()).toHaveLength(1);
});

test("an upstream's keys go to another one; models are told where they are known", async () => {
  const [from] = (await admin.call("GET", "/upstreams")).json.data;
  const to = (
    await admin.call("POST", "/upstreams", { name: "Other", base_url: "https://api.groq.com/openai/v1" })
  ).json;
  expect((await admin.call("GET", `/upstreams/${from.id}/models`)).json).toEqual({ models: null });
  expect((await admin.call("GET", "/upstreams/none/models")).status).toBe(404);
  const path = `/upstreams/${from.id}/move-keys`;
  expect((await admin.call("POST", path, { upstream_id: "none" })).status).toBe(404);
  expect((await admin.call("POST", path, {})).json.error.fields).toEqual({
    upstream_id: "this field is needed",
  });
  expect((await admin.call("POST", path, { upstream_id: to.id })).json).toEqual({ moved: 1, left: 0 });
  expect((await admin.call("GET", `/keys/${id}`)).json.upstream_id).toBe(to.id);
});
