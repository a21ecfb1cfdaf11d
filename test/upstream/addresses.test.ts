import { afterEach, describe, expect, test } from "bun:test";
import net from "node:net";
import tls from "node:tls";
import { systemClock } from "../../src/clock.ts";
import { DEFAULT_LIMITS } from "../../src/upstream/limits.ts";
import { Resolver } from "../../src/upstream/resolver.ts";
import { ask, failureOf, get, testClient } from "./asking.ts";
import { plainAnswer, type RawServer, rawServer } from "./raw-server.ts";

const pem = (name: string) => Bun.file(`${import.meta.dir}/../fixtures/tls/${name}`).text();

/** A port on loopback where nothing listens. */
async function freePort(): Promise<number> {
  const probe = net.createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as net.AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

let server: RawServer | null = null;

afterEach(async () => {
  await server?.stop();
  server = null;
});

describe("a name that leads to several addresses", () => {
  test("is tried in turn; the host header keeps the name", async () => {
    server = await rawServer((socket) => socket.end(plainAnswer("ok", "connection: close\r\n")));
    const client = testClient({ lookup: async () => ["127.0.0.2", "127.0.0.3", "127.0.0.1"] });
    expect((await ask(client, get(`http://many.test:${server.port}/`))).body.toString()).toBe("ok");
    expect(server.requests[0]!.head).toContain(`host: many.test:${server.port}`);
  });

  test("does not wait for the whole time on one that never answers, and begins elsewhere the next time", async () => {
    const ADDRESS_MS = 200;
    const good = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { key: await pem("localhost.key"), cert: await pem("localhost.pem") },
      fetch: () => new Response("ok"),
    });
    // Accepts, but says nothing to a TLS greeting.
    let greeted = 0;
    const silent = net.createServer((socket) => {
      greeted++;
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => silent.listen(good.port, "127.0.0.2", resolve));
    const client = testClient({
      ca: await pem("ca.pem"),
      lookup: async () => ["127.0.0.2", "127.0.0.1"],
      limits: { addressMs: ADDRESS_MS },
    });
    const start = performance.now();
    for (let index = 0; index < 3; index++) {
      const { body } = await ask(client, get(`https://localhost:${good.port}/`), { once: true });
      expect(body.toString()).toBe("ok");
    }
    expect(performance.now() - start).toBeGreaterThanOrEqual(ADDRESS_MS);
    expect(greeted).toBe(1);
    silent.close();
    await good.stop(true);
  });

  test("is not tried further when one was reached whose certificate is wrong", async () => {
    let greeted = 0;
    const wrong = tls.createServer({ key: await pem("self-signed.key"), cert: await pem("self-signed.pem") });
    wrong.on("connection", () => greeted++).on("tlsClientError", () => {});
    await new Promise<void>((resolve) => wrong.listen(0, "127.0.0.1", resolve));
    const client = testClient({ lookup: async () => ["127.0.0.1", "127.0.0.1"] });
    const { port } = wrong.address() as net.AddressInfo;
    const failure = await failureOf(ask(client, get(`https://localhost:${port}/`)));
    expect(failure.message).toContain("self-signed");
    expect(greeted).toBe(1);
    wrong.close();
  });

  test("fails with the last reason when none answers", async () => {
    const port = await freePort();
    const client = testClient({ lookup: async () => ["127.0.1.1", "127.0.1.2", "127.0.1.3"] });
    const failure = await failureOf(ask(client, get(`http://many.test:${port}/`)));
    expect([failure.kind, failure.sent]).toEqual(["connect_failed", false]);
    expect(failure.message).toBe(`connection refused by many.test:${port}`);
    expect(client.stats().openConnections).toBe(0);
  });
});

describe("failures to connect, in words", () => {
  test("refused", async () => {
    const port = await freePort();
    const failure = await failureOf(ask(testClient(), get(`http://127.0.0.1:${port}/`)));
    expect([failure.kind, failure.sent]).toEqual(["connect_failed", false]);
    expect(failure.message).toBe(`connection refused by 127.0.0.1:${port}`);
  });

  test("name not found, by the system's resolver", async () => {
    const failure = await failureOf(ask(testClient(), get("http://no-such-name.invalid/")));
    expect([failure.kind, failure.sent]).toEqual(["connect_failed", false]);
    expect(failure.message).toMatch(
      /^the name of no-such-name\.invalid:80 (was not found|could not be looked up)/,
    );
  });

  test("a name without addresses", async () => {
    const failure = await failureOf(ask(testClient({ lookup: async () => [] }), get("http://none.test/")));
    expect([failure.kind, failure.message]).toEqual([
      "connect_failed",
      "the name of none.test:80 has no address",
    ]);
  });
});

describe("the resolver", () => {
  const clock = { ...systemClock, at: 0, monotonic: () => clock.at };

  test("asks once for many, remembers for a while, and asks again", async () => {
    let lookups = 0;
    const resolver = new Resolver(clock, DEFAULT_LIMITS, async () => [`127.0.0.${++lookups}`]);
    const first = await Promise.all([resolver.resolve("a.test"), resolver.resolve("a.test")]);
    expect(first).toEqual([["127.0.0.1"], ["127.0.0.1"]]);
    expect(resolver.resolve("a.test")).toEqual(["127.0.0.1"]);
    clock.at += DEFAULT_LIMITS.namesMs + 1;
    expect(await resolver.resolve("a.test")).toEqual(["127.0.0.2"]);
  });

  test("remembers a bounded number of names, and no failure", async () => {
    let lookups = 0;
    const resolver = new Resolver(clock, { ...DEFAULT_LIMITS, names: 2 }, async (name) => {
      lookups++;
      if (name === "bad.test") throw new Error("not found");
      return ["127.0.0.1"];
    });
    for (const name of ["a.test", "b.test", "c.test", "c.test", "b.test"]) await resolver.resolve(name);
    expect(lookups).toBe(3);
    await resolver.resolve("a.test");
    expect(lookups).toBe(4);
    const resolveBad = async () => await resolver.resolve("bad.test");
    for (const failure of await Promise.all([failureOf(resolveBad()), failureOf(resolveBad())]))
      expect(failure.message).toBe("not found");
    expect(lookups).toBe(5);
    await failureOf(resolveBad());
    expect(lookups).toBe(6);
  });

  test("gives a bounded number of addresses, the preferred one first", async () => {
    const many = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];
    const resolver = new Resolver(clock, { ...DEFAULT_LIMITS, addresses: 3 }, async () => many);
    expect(await resolver.resolve("a.test")).toEqual(many.slice(0, 3));
    resolver.prefer("a.test", "127.0.0.2");
    expect(await resolver.resolve("a.test")).toEqual(["127.0.0.2", "127.0.0.1", "127.0.0.3"]);
  });

  test("needs no lookup for addresses", () => {
    const resolver = new Resolver(clock, DEFAULT_LIMITS, () => Promise.reject(new Error("asked")));
    expect(resolver.resolve("127.0.0.1")).toEqual(["127.0.0.1"]);
    expect(resolver.resolve("::1")).toEqual(["::1"]);
  });
});
