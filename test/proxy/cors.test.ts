import { describe, expect, test } from "bun:test";
import { status } from "../support/answers.ts";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";

describe("cors_allowed_origins", () => {
  const origin = "https://app.example.com";
  const preflight = (base: string, from: string) =>
    fetch(`${base}/chat/completions`, {
      method: "OPTIONS",
      headers: {
        origin: from,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });

  test("lets pages of those origins ask, and nobody else", async () => {
    const headers = { "access-control-allow-origin": "*" };
    using upstream = startFakeUpstream({ keys: { "key-a-123": status(200, { id: "x" }, headers) } });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123"],
      settings: { cors_allowed_origins: `${origin}/ https://other.example.com` },
    });
    const allowed = await preflight(app.base, origin);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(origin);
    expect(allowed.headers.get("access-control-allow-headers")).toBe("authorization,content-type");
    const refused = await preflight(app.base, "https://evil.example.com");
    expect(refused.status).toBe(204);
    expect(refused.headers.get("access-control-allow-origin")).toBeNull();
    expect(upstream.calls).toHaveLength(0);

    const page = { origin, "sec-fetch-site": "cross-site" };
    const answer = await app.chat({}, { headers: page });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
    expect(answer.headers.get("access-control-expose-headers")).toContain("x-request-id");
    const evil = await app.chat({}, { headers: { ...page, origin: "https://evil.example.com" } });
    expect(evil.status).toBe(403);
    expect(evil.headers.get("access-control-allow-origin")).toBeNull();
    // From a program, the upstream's own consent is not passed on.
    expect((await app.chat()).headers.get("access-control-allow-origin")).toBeNull();
  });

  test("is kept as a plain list, and refuses what is no origin", async () => {
    await using app = await startApp({ upstream: "http://127.0.0.1:9/v1" });
    const set = (cors_allowed_origins: unknown) => app.api("PATCH", "/settings", { cors_allowed_origins });
    expect((await set("https://a.example, https://b.example:8443/")).status).toBe(200);
    for (const wrong of ["a.example", "https://a.example/path", "ftp://a.example", 5]) {
      expect((await set(wrong)).status).toBe(422);
    }
  });
});
