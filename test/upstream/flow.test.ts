import { afterEach, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import type { SocketClient } from "../../src/upstream/client.ts";
import { ask, get, PATIENT, readAll, testClient } from "./asking.ts";
import { plainAnswer, type RawAnswerer, type RawServer, rawServer, until } from "./raw-server.ts";

const MEGABYTE = 1_000_000;

let server: RawServer;
let client: SocketClient;

async function serve(answer: RawAnswerer): Promise<void> {
  server = await rawServer(answer);
  client = testClient();
}

afterEach(async () => {
  client.close();
  await server.stop();
});

/** Bytes that tell their place: four bytes each hold the index of their group. */
function placed(length: number): Buffer {
  const numbers = new Uint32Array(Math.ceil(length / 4)).map((_, index) => index);
  return Buffer.from(numbers.buffer, 0, length);
}

/** Writes as fast as the socket takes it, in pieces of 64 KiB, and counts what was taken. */
function pour(socket: Socket, body: Buffer): { taken: number } {
  const state = { taken: 0 };
  const on = () => {
    while (state.taken < body.length) {
      const piece = body.subarray(state.taken, state.taken + 65_536);
      state.taken += piece.length;
      if (!socket.write(piece)) return void socket.once("drain", on);
    }
  };
  on();
  return state;
}

describe("backpressure on an answer of 50 MB", () => {
  const body = placed(50 * MEGABYTE);
  /** What two kernels' socket buffers and one read may hold. */
  const IN_FLIGHT = 20 * MEGABYTE;

  async function servePouring(): Promise<{ taken: () => number }> {
    let state = { taken: 0 };
    await serve((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`);
      state = pour(socket, body);
    });
    return { taken: () => state.taken };
  }

  async function standsStill(taken: () => number): Promise<void> {
    let before = -1;
    while (taken() !== before) {
      before = taken();
      await Bun.sleep(100);
    }
  }

  test("a reader that stops stops the host; memory stays bounded; all arrives when it goes on", async () => {
    const { taken } = await servePouring();
    const answer = await client.send(get(server.url), PATIENT).answer;
    const chunks: Uint8Array[] = [];
    let whilePaused = 0;
    let isPaused = false;
    const ended = new Promise<void>((resolve, reject) =>
      answer.read({
        onData: (chunk) => {
          if (isPaused) whilePaused++;
          if (chunks.push(chunk) === 3) {
            isPaused = true;
            answer.pause();
          }
        },
        onEnd: resolve,
        onError: reject,
      }),
    );
    const rss = process.memoryUsage.rss();
    await standsStill(taken);
    expect(taken()).toBeLessThan(IN_FLIGHT);
    expect(process.memoryUsage.rss() - rss).toBeLessThan(IN_FLIGHT);
    expect(whilePaused).toBe(0);
    isPaused = false;
    answer.resume();
    await ended;
    expect(Buffer.concat(chunks).equals(body)).toBe(true);
  });

  test("an answer that nobody reads yet stops the host, too; the connection is kept afterwards", async () => {
    const { taken } = await servePouring();
    const answer = await client.send(get(server.url), PATIENT).answer;
    await standsStill(taken);
    expect(taken()).toBeLessThan(IN_FLIGHT);
    expect((await readAll(answer)).body.equals(body)).toBe(true);
    expect(client.stats().idleConnections).toBe(1);
  });

  test("a reader that pauses at each chunk gets every byte in order", async () => {
    await servePouring();
    const answer = await client.send(get(server.url), PATIENT).answer;
    const chunks: Uint8Array[] = [];
    await new Promise<void>((resolve, reject) =>
      answer.read({
        onData: (chunk) => {
          chunks.push(chunk);
          answer.pause();
          setImmediate(() => answer.resume());
        },
        onEnd: resolve,
        onError: reject,
      }),
    );
    expect(Buffer.concat(chunks).equals(body)).toBe(true);
  });

  test.each(["answer", "pending answer"])(
    "abort while paused gives one onError at once and closes the host's side (%s)",
    async (whose) => {
      await servePouring();
      const pending = client.send(get(server.url), PATIENT);
      const answer = await pending.answer;
      const calls: string[] = [];
      answer.read({
        onData: () => answer.pause(),
        onEnd: () => calls.push("end"),
        onError: ({ kind }) => calls.push(kind),
      });
      await Bun.sleep(50);
      if (whose === "answer") answer.abort();
      else pending.abort();
      expect(calls).toEqual(["aborted"]);
      answer.resume();
      expect(calls).toEqual(["aborted"]);
      await until(() => server.sockets.size === 0, 1_000);
    },
  );
});

describe("pausing", () => {
  const threeChunks =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n";

  test("holds what was already read from the socket, and the end", async () => {
    await serve((socket) => socket.write(threeChunks));
    const answer = await client.send(get(server.url), PATIENT).answer;
    const calls: string[] = [];
    answer.read({
      onData: (chunk) => {
        calls.push(Buffer.from(chunk).toString());
        answer.pause();
      },
      onEnd: () => calls.push("end"),
      onError: ({ kind }) => calls.push(kind),
    });
    for (const expected of [["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "end"]]) {
      await Bun.sleep(5);
      expect(calls).toEqual(expected);
      answer.resume();
    }
    expect(calls).toEqual(["a", "b", "c", "end"]);
  });

  test("at the last chunk holds the end", async () => {
    let goOn = () => {};
    await serve((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n");
      goOn = () => socket.write("a");
    });
    const answer = await client.send(get(server.url), PATIENT).answer;
    const calls: string[] = [];
    answer.read({
      onData: () => {
        calls.push("data");
        answer.pause();
      },
      onEnd: () => calls.push("end"),
      onError: ({ kind }) => calls.push(kind),
    });
    goOn();
    await until(() => client.stats().idleConnections === 1);
    expect(calls).toEqual(["data"]);
    answer.resume();
    expect(calls).toEqual(["data", "end"]);
  });

  test("in the middle of what one read brought: the rest is held, the connection is free and reads on", async () => {
    let goOn = () => {};
    await serve((socket, { index }) => {
      const headEnd = threeChunks.indexOf("1\r\n");
      if (index > 0) return socket.write(plainAnswer("next"));
      socket.write(threeChunks.slice(0, headEnd));
      goOn = () => socket.write(threeChunks.slice(headEnd));
    });
    const answer = await client.send(get(server.url), PATIENT).answer;
    const calls: string[] = [];
    answer.read({
      onData: (chunk) => {
        calls.push(Buffer.from(chunk).toString());
        if (calls.length === 1) answer.pause();
      },
      onEnd: () => calls.push("end"),
      onError: ({ kind }) => calls.push(kind),
    });
    goOn();
    await until(() => client.stats().idleConnections === 1);
    expect((await ask(client, get(server.url))).body.toString()).toBe("next");
    expect(new Set(server.requests.map(({ port }) => port)).size).toBe(1);
    expect(calls).toEqual(["a"]);
    answer.resume();
    expect(calls).toEqual(["a", "b", "c", "end"]);
  });

  test("does not hold up the connection once the answer is whole, and goes with read() to come", async () => {
    await serve((socket, { index }) => socket.write(index === 0 ? threeChunks : plainAnswer("next")));
    const answer = await client.send(get(server.url), PATIENT).answer;
    answer.pause();
    const calls: string[] = [];
    answer.read({
      onData: (chunk) => calls.push(Buffer.from(chunk).toString()),
      onEnd: () => calls.push("end"),
      onError: ({ kind }) => calls.push(kind),
    });
    expect((await ask(client, get(server.url))).body.toString()).toBe("next");
    expect(new Set(server.requests.map(({ port }) => port)).size).toBe(1);
    expect(calls).toEqual([]);
    answer.resume();
    expect(calls).toEqual(["a", "b", "c", "end"]);
  });

  test("keeps a failure behind the bytes that came before it", async () => {
    await serve((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
      setTimeout(() => socket.resetAndDestroy(), 30);
    });
    const answer = await client.send(get(server.url), PATIENT).answer;
    answer.pause();
    await until(() => client.stats().openConnections === 0);
    const { body, failure } = await new Promise<Awaited<ReturnType<typeof readAll>>>((resolve) => {
      readAll(answer).then(resolve);
      answer.resume();
    });
    expect([body.toString(), failure?.kind]).toEqual(["hello", "connection_lost"]);
  });
});

test("1,000 streams at once, none waiting for another, all byte-exact", async () => {
  const STREAMS = 1_000;
  const ROUNDS = 5;
  const event = (id: string, round: number) => `data: {"id":"${id}","round":${round},"text":"é😀"}\n\n`;
  const open: [Socket, string][] = [];
  await serve((socket, { head }) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
    open.push([socket, head.split(" ")[1]!]);
    // No stream gets a byte of its body before all are open: a client that queues would wait here for ever.
    if (open.length === STREAMS) void play(1);
  });
  async function play(round: number): Promise<void> {
    const { promise: isSent, resolve: sent } = Promise.withResolvers<void>();
    let left = open.length;
    for (const [socket, id] of open) {
      const bytes = Buffer.from(event(id, round));
      const chunk = Buffer.concat([
        Buffer.from(`${bytes.length.toString(16)};x=y\r\n`),
        bytes,
        Buffer.from("\r\n"),
      ]);
      const cut = (id.length * round * 7) % chunk.length;
      socket.write(chunk.subarray(0, cut));
      setImmediate(() => {
        socket.write(chunk.subarray(cut));
        if (round === ROUNDS) socket.write("0\r\n\r\n");
        left -= 1;
        if (left === 0) sent();
      });
    }
    // On a busy machine a timer can come before what `setImmediate` was given.
    await isSent;
    await Bun.sleep(20);
    if (round < ROUNDS) await play(round + 1);
  }
  const answers = await Promise.all(
    Array.from({ length: STREAMS }, (_, index) => ask(client, get(`${server.url}/${index}`))),
  );
  for (const [index, { body, failure }] of answers.entries()) {
    const expected = [1, 2, 3, 4, 5].map((round) => event(`/${index}`, round)).join("");
    expect(failure).toBeNull();
    expect(body.toString() === expected).toBe(true);
  }
  expect(client.stats()).toEqual({ openConnections: STREAMS, idleConnections: STREAMS });
});
