import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { adminApiRoutes } from "../../src/admin/api.ts";
import { type AdminServer, API_TOKEN, startAdmin } from "../support/admin-server.ts";

let admin: AdminServer;
beforeAll(async () => {
  admin = await startAdmin({
    probe: async () => {
      throw new Error("inside: sk-live-secret-of-the-inside /etc/passwd");
    },
  });
});
afterAll(() => admin.stop());

const secret = "sk-api-test-0000000001";

describe("who may call", () => {
  test("nobody without a token or session, on any path and before any input is read", async () => {
    const tries: [string, string, string?][] = [
      ["GET", "/keys"],
      ["POST", "/keys", "no json at all"],
      ["GET", "/settings"],
      ["GET", "/no-such-path"],
      ["PUT", "/keys"],
    ];
    for (const [method, path, body] of tries) {
      for (const authorization of ["", "Bearer wrong", `Basic ${API_TOKEN}`, `Bearer ${API_TOKEN}x`]) {
        const { status, json, headers } = await admin.call(method, path, body, { authorization });
        expect([method, path, authorization, status]).toEqual([method, path, authorization, 401]);
        expect(json.error.code).toBe("unauthorized");
        expect(headers.get("cache-control")).toBe("no-store");
        expect(headers.get("www-authenticate")).toBe("Bearer");
      }
    }
  });

  test("a session reads anything and changes from pages of this server only", async () => {
    const cookie = await admin.logIn();
    expect((await admin.call("GET", "/keys", undefined, { cookie })).status).toBe(200);
    const { host } = new URL(admin.url);
    const change = async (headers: Record<string, string>) =>
      (await admin.call("POST", "/pools", { name: `p${Bun.randomUUIDv7()}` }, { cookie, ...headers })).json;

    const allowed: Record<string, string>[] = [
      { origin: `http://${host}` },
      { "sec-fetch-site": "same-origin" },
      { "sec-fetch-site": "same-origin", origin: "https://in-front.example" },
    ];
    for (const headers of allowed) expect(await change(headers)).toHaveProperty("id");
    const refused: Record<string, string>[] = [
      {},
      { origin: "null" },
      { origin: "" },
      { origin: "http://evil.example" },
      { origin: `http://${host}.evil.example` },
      { origin: `http://127.0.0.1:1` },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", origin: `http://${host}` },
      { "sec-fetch-site": "none" },
    ];
    for (const headers of refused) {
      expect([headers, (await change(headers)).error?.code]).toEqual([headers, "cross_site_refused"]);
    }
    const foreign = await admin.call("DELETE", "/keys/x", undefined, {
      cookie,
      origin: "http://evil.example",
    });
    expect(foreign.status).toBe(403);
  });

  test("a token needs no origin, and a wrong one is not saved by a session beside it", async () => {
    const headers = { authorization: `bearer ${API_TOKEN}`, origin: "http://evil.example" };
    expect((await admin.call("POST", "/pools", { name: "by script" }, headers)).status).toBe(201);
    const cookie = await admin.logIn();
    expect((await admin.call("GET", "/keys", undefined, { cookie, authorization: "Bearer no" })).status).toBe(
      401,
    );
  });
});

describe("an admin side without login", () => {
  test("is open to this machine, still refuses foreign pages, and names that pages can give themselves", async () => {
    const open = await startAdmin({ requireAdminLogin: false });
    const call = (method: string, headers: Record<string, string>) =>
      open.call(method, "/pools", method === "GET" ? undefined : { name: `p${Bun.randomUUIDv7()}` }, headers);
    const { port } = new URL(open.url);
    expect((await call("GET", {})).status).toBe(200);
    expect((await call("POST", { origin: open.url })).status).toBe(201);
    expect((await call("POST", {})).json.error.code).toBe("cross_site_refused");
    expect((await call("POST", { origin: "http://evil.example" })).status).toBe(403);
    const rebound = { host: `rebound.example:${port}`, origin: `http://rebound.example:${port}` };
    expect((await call("POST", rebound)).status).toBe(403);
    expect((await call("GET", rebound)).json.error.code).toBe("cross_site_refused");
    expect((await call("GET", { host: `127.evil.example:${port}` })).status).toBe(403);
    expect((await call("GET", { host: `nas:${port}` })).status).toBe(200);
    await open.stop();

    const proxied = await startAdmin({ requireAdminLogin: false, trustedProxies: ["127.0.0.1"] });
    const through = await proxied.call("GET", "/pools", undefined, { host: "admin.example" });
    expect(through.status).toBe(200);
    await proxied.stop();
  });
});

describe("errors", () => {
  test("an unknown path is 404 and a wrong method 405 with what is allowed", async () => {
    for (const path of ["", "/", "/nope", "/keys/a/b/c", "/keys/a/nope"]) {
      const { status, json } = await admin.call("GET", path);
      expect([path, status, json.error.code]).toEqual([path, 404, "not_found"]);
    }
    const wrong: [string, string, string][] = [
      ["PUT", "/keys", "GET, POST"],
      ["POST", "/keys/some-id", "GET, PATCH, DELETE"],
      ["GET", "/keys/some-id/test", "POST"],
      ["DELETE", "/settings", "GET, PATCH"],
      ["OPTIONS", "/logs", "GET"],
      ["PUT", "/logs/", "GET"],
    ];
    for (const [method, path, allow] of wrong) {
      const { status, headers, json } = await admin.call(method, path);
      expect([method, path, status, headers.get("allow")]).toEqual([method, path, 405, allow]);
      expect(json.error.code).toBe("method_not_allowed");
    }
  });

  test("a wrong input is 422, names its fields and never repeats what was sent", async () => {
    const hidden = "sk-typed-into-the-wrong-field";
    const answers = [
      await admin.call("POST", "/keys", { secret: 5, name: [hidden], weight: hidden, tags: [hidden, 5] }),
      await admin.call("POST", "/keys", { secret: `${hidden} and a space` }),
      await admin.call("POST", "/keys", { secret, unknown: hidden, api_key: hidden }),
      await admin.call("POST", "/keys", `{"secret": "${hidden}`),
      await admin.call("POST", "/keys", [hidden]),
      await admin.call("POST", "/keys", JSON.stringify(hidden)),
      await admin.call("POST", "/keys", "null"),
      await admin.call("PATCH", "/settings", { max_retries: hidden, [`x${"y".repeat(30)}`]: 1 }),
      await admin.call("POST", "/keys/import", `{"text": 5, "secret": "${hidden}"}`),
      await admin.call("POST", "/keys/import", `["${hidden}"`),
      await admin.call("GET", `/logs?from=${hidden}`),
    ];
    for (const { status, json, text } of answers) {
      expect([text, status]).toEqual([text, 422]);
      expect(json.error.code).toBe("invalid_input");
      expect(json.error.message).toBeString();
      expect(text).not.toContain(hidden);
    }
    expect(answers[0]!.json.error.fields).toEqual({
      secret: "give 8 to 500 visible ASCII characters",
      name: "give text of at most 100 characters",
      weight: "give a whole number from 1 to 1000",
      "tags.1": "give text",
    });
    expect(answers[2]!.json.error.fields).toEqual({
      unknown: "there is no such field",
      api_key: "there is no such field",
    });
    expect((await admin.call("POST", "/keys", {})).json.error.fields).toEqual({
      secret: "this field is needed",
    });
    expect((await admin.call("GET", "/keys")).json.data).toEqual([]);
  });

  test("a body above 5 MiB is 413, whether its length was told or not", async () => {
    const large = "x".repeat(5 * 1024 * 1024 + 1);
    const told = await admin.call("POST", "/keys/import", large);
    expect([told.status, told.json.error.code]).toEqual([413, "request_too_large"]);
    const pieces = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 6; i += 1) controller.enqueue(new Uint8Array(1024 * 1024).fill(120));
        controller.close();
      },
    });
    const untold = await fetch(`${admin.url}/api/admin/keys/import`, {
      method: "POST",
      headers: { authorization: `Bearer ${API_TOKEN}` },
      body: pieces,
    });
    expect(untold.status).toBe(413);
  });

  test("a fault inside is 500 with an id that stands in the log, and tells nothing else", async () => {
    const key = (await admin.call("POST", "/keys", { secret })).json;
    const { status, json, text, headers } = await admin.call("POST", `/keys/${key.id}/test`);
    expect(status).toBe(500);
    expect(json.error.code).toBe("internal_error");
    expect(json.error.request_id).toBe(headers.get("x-request-id"));
    expect(text).not.toContain("inside:");
    expect(text).not.toContain("sk-");
    expect(admin.logged).toHaveLength(1);
    expect(admin.logged[0]).toContain(json.error.request_id);
    expect(admin.logged[0]).toContain("inside:");
    await admin.call("DELETE", `/keys/${key.id}`);
  });

  test("odd paths and bytes break nothing", async () => {
    for (const path of [
      "/keys/%",
      "/keys/%E0%A4%A",
      "/keys/%00",
      "/keys/..%2f..",
      `/keys/${"x".repeat(4000)}`,
    ]) {
      const { status, headers } = await admin.call("GET", path);
      expect([path, status]).toEqual([path, 404]);
      expect(headers.get("content-type")).toContain("application/json");
    }
    const bytes = await fetch(`${admin.url}/api/admin/keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${API_TOKEN}` },
      body: new Uint8Array([0x7b, 0xff, 0xfe]),
    });
    expect(bytes.status).toBe(422);
  });
});

test("every row of the table answers JSON that no cache may keep", async () => {
  const routes = adminApiRoutes({ operations: admin.operations } as unknown as Parameters<
    typeof adminApiRoutes
  >[0]);
  expect(routes.length).toBeGreaterThan(20);
  for (const { method, path, summary } of routes) {
    // A stream without an end: api-logs.test.ts.
    if (path === "/logs/live") continue;
    const { status, headers } = await admin.call(
      method,
      path.replace(":id", "nobody"),
      method === "GET" ? undefined : {},
    );
    expect([method, path, headers.get("cache-control")]).toEqual([method, path, "no-store"]);
    expect([method, path, [200, 201, 204, 404, 422].includes(status)]).toEqual([method, path, true]);
    expect(summary).not.toBe("");
  }
});
