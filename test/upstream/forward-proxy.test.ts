import { describe, expect, test } from "bun:test";
import { createFindProxy } from "../../src/upstream/forward-proxy.ts";
import { startForwardProxy } from "../support/forward-proxy.ts";
import { ask, failureOf, get, testClient } from "./asking.ts";
import { until } from "./raw-server.ts";

const FIXTURES = `${import.meta.dir}/../fixtures/tls`;
const pem = (name: string) => Bun.file(`${FIXTURES}/${name}.pem`).text();
const LARGE = "x".repeat(3_000_000);

async function serveTls() {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: await pem("localhost"), key: await Bun.file(`${FIXTURES}/localhost.key`).text() },
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      return new Response(pathname === "/large" ? LARGE : `${pathname} ${await request.text()}`);
    },
  });
  return { port: server.port, [Symbol.dispose]: () => void server.stop(true) };
}

/** A client all of whose https hosts lie behind this proxy. */
async function clientBehind(proxy: string, connectTimeoutMs = 2_000) {
  const address = new URL(proxy);
  const client = testClient({
    ca: await pem("ca"),
    findProxy: () => createFindProxy(address, [])("behind.example"),
    lookup: () => Promise.reject(new Error("the proxy looks names up")),
  });
  return (url: string) => ask(client, get(url), { connectTimeoutMs });
}

describe("a host behind a proxy", () => {
  test("is reached by one tunnel for many requests, under its own certificate, with the proxy's password", async () => {
    using server = await serveTls();
    using proxy = await startForwardProxy();
    const fetchIt = await clientBehind(proxy.url.replace("//", "//me:p%40ss@"));
    for (let n = 0; n < 3; n += 1) {
      const answer = await fetchIt(`https://localhost:${server.port}/${n}`);
      expect([answer.status, answer.body.toString()]).toEqual([200, `/${n} `]);
    }
    const large = await fetchIt(`https://localhost:${server.port}/large`);
    expect(large.body.toString() === LARGE).toBe(true);
    expect(proxy.asked).toEqual([
      {
        line: `CONNECT localhost:${server.port} HTTP/1.1`,
        authorization: `Basic ${Buffer.from("me:p@ss").toString("base64")}`,
      },
    ]);
  });

  test("whose certificate is for another name is not spoken to", async () => {
    using server = await serveTls();
    using proxy = await startForwardProxy();
    const fetchIt = await clientBehind(proxy.url);
    const failure = await failureOf(fetchIt(`https://elsewhere.example:${server.port}/`));
    expect([failure?.kind, failure?.sent]).toEqual(["connect_failed", false]);
    expect(failure?.message).toContain("certificate");
  });

  test.each([
    ["407", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "give them in HTTPS_PROXY"],
    ["403", "HTTP/1.1 403 Forbidden\r\n\r\n", "refused with 403"],
    ["another protocol", `${"y".repeat(20_000)}`, "does not answer in HTTP"],
  ])("is out of reach where the proxy answers with %s, and the failure says so", async (_, answer, words) => {
    using proxy = await startForwardProxy({ answer });
    const fetchIt = await clientBehind(proxy.url);
    const failure = await failureOf(fetchIt("https://localhost:9/"));
    expect([failure?.kind, failure?.sent]).toEqual(["connect_failed", false]);
    expect(failure?.message).toContain(words);
  });

  test("a proxy that says nothing costs the connect timeout, and its connection is closed", async () => {
    using proxy = await startForwardProxy({ answer: "" });
    const fetchIt = await clientBehind(proxy.url, 300);
    const failure = await failureOf(fetchIt("https://localhost:9/"));
    expect(failure?.kind).toBe("connect_timeout");
    await until(() => proxy.clients() === 0);
  });
});

describe("which hosts lie behind the proxy", () => {
  const find = createFindProxy(new URL("http://proxy.example:3128"), [
    ".corp.example",
    "api.example.com",
    "10.0.0.7",
  ]);
  test.each([
    ["api.openai.com", true],
    ["localhost", false],
    ["127.0.0.1", false],
    ["::1", false],
    ["api.example.com", false],
    ["eu.api.example.com", false],
    ["notapi.example.com", true],
    ["LLM.CORP.example", false],
    ["10.0.0.7", false],
    ["10.0.0.70", true],
  ])("%s", (host, isBehind) => {
    expect(find(host) !== null).toBe(isBehind);
  });

  test("* excepts all; without an address there is none", () => {
    expect(createFindProxy(new URL("http://p:1"), ["*"])("api.openai.com")).toBeNull();
    expect(createFindProxy(null, [])("api.openai.com")).toBeNull();
    expect(find("api.openai.com")).toEqual({ host: "proxy.example", port: 3128, authorization: null });
  });
});
