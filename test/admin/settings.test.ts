import { afterAll, beforeAll, expect, test } from "bun:test";
import { startApp, type TestApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { type Person, signIn } from "../support/signed-in.ts";

/** The settings' form over the whole program, as a person without scripts uses it. */
const upstream = startFakeUpstream({ keys: ["key-settings-1"] });
let app: TestApp;
let person: Person;
beforeAll(async () => {
  app = await startApp({ upstream: upstream.url, keys: ["key-settings-1"] });
  person = await signIn(app.url);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  upstream[Symbol.dispose]();
});

const settings = async () => (await app.must("GET", "/settings")) as Record<string, unknown>;
/** The text of a setting's text area. */
function area(html: string, name: string): string {
  return new RegExp(`<textarea[^>]*name="${name}"[^>]*>([^<]*)</textarea>`).exec(html)?.[1] ?? "(none)";
}

test("tables are written one entry a line, as a browser sends them, and shown the same way", async () => {
  const saved = await person.send("/settings", {
    model_aliases: "gpt-4 = gpt-4o\r\nfast = llama-3.3-70b @ Groq\r\n",
    model_fallbacks: "gpt-4o = gpt-4.1, gpt-4o-mini",
    model_prices: "mine = input 0.5, output 2",
    cors_allowed_origins: "https://app.example.com/\r\nhttps://chat.example.org",
  });
  expect(saved.html).toContain("Saved: Model aliases, Model fallbacks, Web pages that may ask, Own prices.");
  expect(await settings()).toMatchObject({
    model_aliases: { "gpt-4": "gpt-4o", fast: { model: "llama-3.3-70b", upstream: "Groq" } },
    model_fallbacks: { "gpt-4o": ["gpt-4.1", "gpt-4o-mini"] },
    model_prices: { mine: { input: 0.5, output: 2 } },
    cors_allowed_origins: "https://app.example.com, https://chat.example.org",
  });
  const { html } = await person.get("/settings");
  expect(area(html, "model_aliases")).toBe("gpt-4 = gpt-4o\nfast = llama-3.3-70b @ Groq");
  expect(area(html, "cors_allowed_origins")).toBe("https://app.example.com\nhttps://chat.example.org");
  expect((await person.send("/settings", { model_aliases: area(html, "model_aliases") })).html).toContain(
    "Nothing was changed.",
  );
});

test("a bad line is named, and everything that was typed stays", async () => {
  const before = await settings();
  const typed = "a = b\r\n<b>bad\r\n";
  const { status, html } = await person.send("/settings", { model_aliases: typed, max_retries: "7" });
  expect(status).toBe(422);
  expect(html).toContain("Line 2: write asked = served, or asked = served @ upstream.");
  expect(area(html, "model_aliases")).toBe("a = b\n&lt;b&gt;bad\n");
  expect(html).toMatch(/name="max_retries"[^>]*value="7"/);
  expect(await settings()).toEqual(before);
});

test("the API endpoint is tried by a real call before it is saved", async () => {
  const test = async (api_endpoint: string) => {
    const { html } = await person.send("/settings/endpoint/test", { api_endpoint, max_retries: "9" });
    // Nothing is saved by it, and nothing that was typed is lost.
    expect(html).toMatch(/name="max_retries"[^>]*value="9"/);
    return /id="test-api_endpoint" role="status">.*?<bdi>([^<]*)<\/bdi>/.exec(html)?.[1];
  };
  expect(await test(upstream.url)).toMatch(/^Answered in \d+ ms and lists \d+ models?\.$/);
  expect(upstream.calls.at(-1)?.secret).toBe("key-settings-1");

  using other = startFakeUpstream({ keys: ["another-key"] });
  expect(await test(other.url)).toMatch(/^Answered in \d+ ms and asks for a key, as it should\.$/);
  // A host that no key of ours belongs to is shown none.
  expect(other.calls.map(({ secret }) => secret)).toEqual([null]);
  expect(await test("http://127.0.0.1:9/v1")).toContain("onnection refused by 127.0.0.1:9");
  expect(await test("http://169.254.169.254/latest")).toStartWith("Not asked: ");
  expect(await test("nonsense")).toStartWith("Not asked: ");
  expect(await settings()).toMatchObject({ api_endpoint: upstream.url, max_retries: 3 });
});

test("one is reset, then all after a question that names how many", async () => {
  const one = await person.send("/settings/reset?name=model_prices");
  expect(one.html).toContain("Own prices is at its default.");
  const question = await person.get("/settings/reset");
  expect(question.html).toMatch(/Reset \d+ settings/);
  const all = await person.send("/settings/reset");
  expect(all.html).toContain("All settings are at their defaults.");
  expect(all.html).toContain("All at their defaults.");
  expect(await settings()).toMatchObject({ model_aliases: {}, cors_allowed_origins: "" });
});
