import { afterEach, describe, expect, test } from "bun:test";
import net from "node:net";
import { Ticker } from "../../src/upstream/ticker.ts";
import { ask, failureOf, get, PATIENT, post, readAll, testClient } from "./asking.ts";
import { plainAnswer, type RawAnswerer, type RawServer, rawServer, until } from "./raw-server.ts";

const SHORT_MS = 150;

let server: RawServer;
const client = testClient();

async function serve(answer: RawAnswerer): Promise<void> {
  server = await rawServer(answer);
}

afterEach(() => server?.stop());

/** Runs and says how long it took. */
async function timed<Result>(promise: Promise<Result>): Promise<[Result, number]> {
  const start = performance.now();
  const result = await promise;
  return [result, performance.now() - start];
}

describe("the first-byte timeout", () => {
  test("ends the wait for a host that accepts and never answers, and closes its side", async () => {
    await serve(() => {});
    const [failure, took] = await timed(
      failureOf(ask(client, get(server.url), { firstByteTimeoutMs: SHORT_MS })),
    );
    expect([failure.kind, failure.sent]).toEqual(["first_byte_timeout", true]);
    expect(failure.message).toBe(`127.0.0.1:${server.port}: no answer within ${SHORT_MS} ms`);
    expect(took).toBeGreaterThanOrEqual(SHORT_MS);
    expect(took).toBeLessThan(SHORT_MS + 3_000);
    await until(() => server.sockets.size === 0, 1_000);
  });

  test("is not put off by 1xx heads or by a head that trickles", async () => {
    await serve((socket, { head }) => {
      const piece = head.includes("/interim") ? "HTTP/1.1 100 Continue\r\n\r\n" : "";
      const slow = [..."HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"];
      const timer = setInterval(() => socket.write(piece || slow.shift() || ""), 40);
      socket.on("close", () => clearInterval(timer));
    });
    for (const path of ["/interim", "/slow"]) {
      const asking = ask(client, get(server.url + path), { firstByteTimeoutMs: SHORT_MS });
      expect((await failureOf(asking)).kind).toBe("first_byte_timeout");
    }
  });

  test("counts from the last byte of the request that the host took", async () => {
    await serve((socket) => socket.write(plainAnswer("ok")));
    const sending = ask(client, post(server.url, Buffer.alloc(30_000_000)), { firstByteTimeoutMs: 900 });
    await until(() => server.sockets.size === 1);
    const [socket] = server.sockets;
    for (let stops = 0; stops < 3; stops++) {
      socket!.pause();
      await Bun.sleep(400);
      const { bytesRead } = socket!;
      socket!.resume();
      await until(() => socket!.bytesRead > bytesRead);
    }
    expect((await sending).status).toBe(200);
  });

  test("ends a request that the host does not take", async () => {
    await serve(() => {});
    const options = { firstByteTimeoutMs: 300 };
    const sending = failureOf(ask(client, post(server.url, Buffer.alloc(60_000_000)), options));
    await until(() => server.sockets.size === 1);
    for (const socket of server.sockets) socket.pause();
    const failure = await sending;
    expect([failure.kind, failure.sent]).toEqual(["first_byte_timeout", true]);
    expect(failure.message).toContain("the request was not taken");
  });
});

describe("the idle timeout", () => {
  test("ends a body that stalls, after what had come", async () => {
    await serve((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello"));
    const [answer, took] = await timed(ask(client, get(server.url), { idleTimeoutMs: SHORT_MS }));
    expect([answer.body.toString(), answer.failure?.kind]).toEqual(["hello", "idle_timeout"]);
    expect(took).toBeGreaterThanOrEqual(SHORT_MS);
    await until(() => server.sockets.size === 0, 1_000);
  });

  test("counts between chunks, not over the whole body", async () => {
    await serve((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n");
      let left = 10;
      const timer = setInterval(() => {
        socket.write("x");
        if (--left === 0) clearInterval(timer);
      }, 50);
    });
    const [answer, took] = await timed(ask(client, get(server.url), { idleTimeoutMs: 400 }));
    expect([answer.body.length, answer.failure]).toEqual([10, null]);
    expect(took).toBeGreaterThan(450);
  });

  test("does not run while the reader pauses, and runs again afterwards", async () => {
    await serve((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello"));
    const answer = await client.send(get(server.url), { ...PATIENT, idleTimeoutMs: 2 * SHORT_MS }).answer;
    answer.pause();
    const reading = readAll(answer);
    await Bun.sleep(4 * SHORT_MS);
    for (const socket of server.sockets) socket.write("he");
    answer.resume();
    const { body, failure } = await reading;
    expect([body.toString(), failure?.kind]).toEqual(["hellohe", "idle_timeout"]);
  });
});

describe("the connect timeout", () => {
  test("ends a TLS handshake that the host never answers", async () => {
    const silent = net.createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as net.AddressInfo;
    const asking = ask(client, get(`https://127.0.0.1:${port}/`), { connectTimeoutMs: SHORT_MS });
    const [failure, took] = await timed(failureOf(asking));
    expect([failure.kind, failure.sent]).toEqual(["connect_timeout", false]);
    expect(failure.message).toBe(`no connection to 127.0.0.1:${port} within ${SHORT_MS} ms`);
    expect(took).toBeGreaterThanOrEqual(SHORT_MS);
    expect(took).toBeLessThan(SHORT_MS + 3_000);
    await until(() => client.stats().openConnections === 0);
    silent.close();
  });

  test("covers a name that is looked up for ever", async () => {
    const waiting = testClient({ lookup: () => new Promise(() => {}) });
    const failure = await failureOf(ask(waiting, get("http://name.test/"), { connectTimeoutMs: SHORT_MS }));
    expect([failure.kind, failure.sent]).toEqual(["connect_timeout", false]);
  });
});

describe("the ticker", () => {
  /** A clock that the test moves; it is read once a tick. */
  function fakeClock() {
    const clock = {
      at: 1_000,
      readings: 0,
      now: () => 0,
      monotonic: () => {
        clock.readings++;
        return clock.at;
      },
      random: () => 0,
      id: () => "",
    };
    return clock;
  }

  test("is never early, and after a standstill lets one tick pass first", async () => {
    const clock = fakeClock();
    const ticker = new Ticker(clock, 10);
    const expired: number[] = [];
    const watched = { due: Number.POSITIVE_INFINITY, expire: () => expired.push(clock.readings) };
    ticker.watch(watched);
    watched.due = ticker.after(100);
    clock.at += 100;
    await until(() => clock.readings > 5);
    expect(expired).toEqual([]);
    clock.at += 1_000;
    const before = clock.readings;
    await until(() => expired.length > 0);
    ticker.unwatch(watched);
    expect(expired[0]).toBe(before + 2);
  });

  test("a deadline set while nothing ran counts from then, not from the last tick", () => {
    const clock = fakeClock();
    const ticker = new Ticker(clock, 10);
    clock.at += 60_000;
    expect(ticker.after(100)).toBe(clock.at + 110);
  });

  test("stops when nothing is watched", async () => {
    const clock = fakeClock();
    const ticker = new Ticker(clock, 5);
    const watched = { due: Number.POSITIVE_INFINITY, expire: () => {} };
    ticker.watch(watched);
    ticker.unwatch(watched);
    await Bun.sleep(30);
    const { readings } = clock;
    await Bun.sleep(50);
    expect(clock.readings).toBe(readings);
  });
});
