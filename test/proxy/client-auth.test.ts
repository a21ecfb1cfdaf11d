import { describe, expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";

const codeOf = async (answer: Response) => ((await answer.json()) as { error: { code: string } }).error.code;

describe("with a master key", () => {
  test("clients must send it, on /models too, in any of the three headers", async () => {
    using upstream = startFakeUpstream();
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123"],
      env: { MASTER_API_KEY: "master-key-of-this-server" },
    });
    for (const path of ["/v1/models", "/api/v1/models"]) {
      for (const headers of [
        {},
        { authorization: "Bearer wrong" },
        { "x-api-key": "master-key-of-this-serve" },
      ]) {
        const answer = await fetch(app.url + path, { headers: headers as Record<string, string> });
        expect([answer.status, await codeOf(answer)]).toEqual([401, "invalid_api_key"]);
      }
    }
    expect(upstream.calls).toHaveLength(0);
    const right: Record<string, string>[] = [
      { authorization: "Bearer master-key-of-this-server" },
      { "x-api-key": "master-key-of-this-server" },
      { "api-key": "master-key-of-this-server" },
    ];
    for (const headers of right) {
      expect((await fetch(`${app.base}/models`, { headers })).status).toBe(200);
    }
    // A page of another site that knows the key may call.
    const page = { authorization: "Bearer master-key-of-this-server", origin: "https://evil.example" };
    expect((await fetch(`${app.base}/models`, { headers: page })).status).toBe(200);
    for (const call of upstream.calls) expect(JSON.stringify(call.headers)).not.toContain("master-key");
  });
});

describe("an open proxy", () => {
  test("answers programs, and pages of this machine, but no foreign page", async () => {
    using upstream = startFakeUpstream();
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const port = new URL(app.url).port;
    const ask = (headers: Record<string, string>) => fetch(`${app.base}/models`, { headers });
    for (const headers of [
      {},
      { origin: `http://localhost:${port}` },
      { origin: "http://localhost:3000" },
      { origin: "http://127.0.0.1:5173" },
      { "sec-fetch-site": "same-origin" },
    ]) {
      expect((await ask(headers as Record<string, string>)).status).toBe(200);
    }
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { origin: "http://localhost.evil.example" },
      { origin: "http://127.evil.example" },
      // A name that its owner pointed at this machine.
      {
        origin: `http://evil.example:${port}`,
        host: `evil.example:${port}`,
        "sec-fetch-site": "same-origin",
      },
    ]) {
      const answer = await ask(headers as Record<string, string>);
      expect([answer.status, await codeOf(answer)]).toEqual([403, "cross_site_refused"]);
    }
  });

  test("refuses TRACE, and paths outside the base are not found", async () => {
    using upstream = startFakeUpstream();
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const answer = await fetch(`${app.base}/models`, { method: "TRACE" }).catch(() => null);
    if (answer !== null) expect(answer.status).toBe(405);
    expect((await fetch(`${app.url}/v2/models`)).status).toBe(404);
    expect(upstream.calls).toHaveLength(0);
  });
});
