import { describe, expect, test } from "bun:test";
import { WebSocket } from "ws";
import { startApp } from "../support/app.ts";
import { startRealtimeUpstream } from "../support/realtime-upstream.ts";
import { figure, scale } from "../support/scale.ts";

const KEYS = ["key-a-123", "key-b-123", "key-c-123"];

interface Session {
  socket: WebSocket;
  headers: Record<string, string>;
  messages: (string | Buffer)[];
  /** Resolves when so many messages have come. */
  until(count: number): Promise<(string | Buffer)[]>;
  closed: Promise<{ code: number; reason: string }>;
}

/** A session through the program; rejects with the status where the handshake is refused. */
async function connect(
  url: string,
  options: { protocols?: string[]; headers?: Record<string, string> } = {},
): Promise<Session> {
  const socket = new WebSocket(url.replace("http", "ws"), options.protocols ?? [], {
    headers: options.headers ?? {},
  });
  const messages: (string | Buffer)[] = [];
  let look = () => {};
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    messages.push(isBinary ? data : data.toString());
    look();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on("close", (code: number, reason: Buffer) => resolve({ code, reason: reason.toString() }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.on("open", () => resolve());
    socket.on("error", reject);
    socket.on("unexpected-response", (_: unknown, answer: { statusCode: number }) =>
      reject(new Error(String(answer.statusCode))),
    );
  });
  const until = (count: number) =>
    new Promise<(string | Buffer)[]>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${messages.length} of ${count} messages came`)),
        10_000,
      );
      look = () => {
        if (messages.length < count) return;
        clearTimeout(timer);
        resolve(messages);
      };
      look();
    });
  return { socket, headers: {}, messages, until, closed };
}

const CREATED = JSON.stringify({ type: "session.created" });

describe("realtime", () => {
  test("both directions, texts and bytes of all sizes, with the upstream's key and the log's row", async () => {
    using upstream = await startRealtimeUpstream({
      onSession: ({ socket }) => {
        socket.send(CREATED);
        socket.on("message", (data: Buffer, isBinary: boolean) => socket.send(data, { binary: isBinary }));
      },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const session = await connect(`${app.base}/realtime?model=gpt-realtime`, {
      headers: { "openai-beta": "realtime=v1", authorization: "Bearer the-clients-own" },
    });
    expect(await session.until(1)).toEqual([CREATED]);
    const sent = [
      "",
      "ü€😀\ufeff",
      "x".repeat(125),
      "y".repeat(126),
      "z".repeat(70_000),
      Buffer.alloc(0),
      Buffer.from(Uint8Array.from({ length: 66_000 }, (_, at) => at * 7)),
      JSON.stringify({ audio: "A".repeat(3_000_000) }),
    ];
    for (const message of sent) session.socket.send(message);
    expect((await session.until(1 + sent.length)).slice(1)).toEqual(sent);
    const [call] = upstream.sessions;
    expect(call?.url).toBe("/v1/realtime?model=gpt-realtime");
    expect([call?.secret, call?.headers["openai-beta"]]).toEqual(["key-a-123", "realtime=v1"]);
    session.socket.close(1000, "bye");
    expect((await session.closed).code).toBe(1000);
    const [row] = await app.logs();
    expect(row).toMatchObject({ status: 101, outcome: "ok", model: "gpt-realtime", stream: true });
    expect((await app.keys())[0]).toMatchObject({ in_flight: 0, success_count: 1 });
  });

  test("close codes and reasons pass both ways", async () => {
    const closed = Promise.withResolvers<{ code: number; reason: string }>();
    using upstream = await startRealtimeUpstream({
      onSession: ({ socket, url }) => {
        socket.send(CREATED);
        const asked = Number(new URL(url, "http://x").searchParams.get("code"));
        if (asked > 0) setTimeout(() => socket.close(asked, `code ${asked}`), 50);
        else
          socket.on("close", (code: number, reason: Buffer) => closed.resolve({ code, reason: `${reason}` }));
      },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    for (const code of [1000, 1001, 1008, 3000, 4999]) {
      const session = await connect(`${app.base}/realtime?code=${code}`);
      expect(await session.closed).toEqual({ code, reason: `code ${code}` });
    }
    const session = await connect(`${app.base}/realtime`);
    await session.until(1);
    session.socket.close(4001, "enough");
    await session.closed;
    expect(await closed.promise).toEqual({ code: 4001, reason: "enough" });
  });

  test("a key that is refused, in the handshake or in the first event, is passed over unseen", async () => {
    using upstream = await startRealtimeUpstream({
      refused: { "key-a-123": 429, "key-d-123": 401 },
      onSession: ({ socket, secret }) => {
        const error = { type: "error", error: { type: "invalid_request_error", code: "insufficient_quota" } };
        if (secret !== "key-b-123") return socket.send(CREATED);
        socket.send(JSON.stringify(error));
        setTimeout(() => socket.close(3000, "quota"), 5);
      },
    });
    await using app = await startApp({ upstream: upstream.url, keys: [...KEYS, "key-d-123"] });
    for (let n = 0; n < 6; n += 1) {
      const session = await connect(`${app.base}/realtime?model=m`);
      expect(await session.until(1)).toEqual([CREATED]);
      session.socket.close();
      await session.closed;
    }
    expect(upstream.asked.filter((secret) => secret === "key-a-123")).toHaveLength(1);
    const statuses = Object.fromEntries((await app.keys()).map(({ name, status }) => [name, status]));
    expect(statuses).toMatchObject({
      "key-a-123": "cooling",
      "key-c-123": "available",
      "key-d-123": "invalid",
    });
    expect(statuses["key-b-123"]).not.toBe("available");
  });

  test("where no key is left the handshake is refused in the usual form", async () => {
    using upstream = await startRealtimeUpstream({ refused: { "key-a-123": 429 }, onSession: () => {} });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    await expect(connect(`${app.base}/realtime`)).rejects.toThrow();
    const answer = await fetch(`${app.base}/realtime`, {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "sec-websocket-version": "13",
      },
    });
    expect(answer.status).toBe(429);
    expect(((await answer.json()) as { error: { code: string } }).error.code).toBe("keys_cooling_down");
  });

  test("the key as a sub-protocol is understood and replaced", async () => {
    using upstream = await startRealtimeUpstream({ onSession: ({ socket }) => socket.send(CREATED) });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123"],
      env: { MASTER_API_KEY: "the-master-key" },
    });
    const url = `${app.base}/realtime?model=m`;
    await expect(connect(url)).rejects.toThrow();
    await expect(
      connect(url, { protocols: ["realtime", "openai-insecure-api-key.wrong"] }),
    ).rejects.toThrow();
    const protocols = ["realtime", "openai-insecure-api-key.the-master-key", "openai-beta.realtime-v1"];
    const session = await connect(url, { protocols });
    await session.until(1);
    expect(session.socket.protocol).toBe("realtime");
    const { headers, secret } = upstream.sessions[0] ?? {};
    expect(secret).toBe("key-a-123");
    expect(headers?.["sec-websocket-protocol"]).toBe(
      "realtime, openai-insecure-api-key.key-a-123, openai-beta.realtime-v1",
    );
    session.socket.terminate();
  });

  test("usage is added up; a host that breaks off ends the session with 1011", async () => {
    const done = (input: number, output: number) =>
      JSON.stringify({
        type: "response.done",
        response: { usage: { total_tokens: input + output, input_tokens: input, output_tokens: output } },
      });
    using upstream = await startRealtimeUpstream({
      onSession: ({ socket }) => {
        for (const text of [CREATED, done(10, 3), done(5, 4)]) socket.send(text);
        setTimeout(() => socket.terminate(), 50);
      },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const session = await connect(`${app.base}/realtime`);
    expect((await session.closed).code).toBe(1011);
    expect(session.messages).toHaveLength(3);
    const [row] = await app.logs();
    expect(row).toMatchObject({ input_tokens: 15, output_tokens: 7, status: 101 });
    expect(row?.outcome).not.toBe("ok");
  });

  test("a quiet session lives by pings; an upstream that answers none is left after the idle limit", async () => {
    let pings = 0;
    using upstream = await startRealtimeUpstream({
      onSession: ({ socket }) => {
        socket.on("ping", () => {
          pings += 1;
        });
        socket.send(CREATED);
        socket.ping();
      },
    });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123"],
      settings: { idle_stream_timeout_ms: 1_200 },
    });
    const session = await connect(`${app.base}/realtime`);
    await Bun.sleep(2_600);
    expect(session.socket.readyState).toBe(WebSocket.OPEN);
    expect(pings).toBeGreaterThan(2);
    session.socket.close();
    await session.closed;

    // A host that takes the handshake and then says nothing, not even a pong.
    using silent = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: (socket, bytes) => {
          const key = /sec-websocket-key: (.+)\r/i.exec(bytes.toString())?.[1];
          if (key === undefined) return;
          const accept = new Bun.CryptoHasher("sha1")
            .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
            .digest("base64");
          socket.write(
            `HTTP/1.1 101 Switching\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
          );
        },
      },
    });
    await app.must("PATCH", "/settings", { api_endpoint: `http://127.0.0.1:${silent.port}/v1` });
    const left = await connect(`${app.base}/realtime`);
    const began = performance.now();
    expect((await left.closed).code).toBe(1011);
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  test("a client that reads nothing holds the upstream back, and loses nothing", async () => {
    const total = scale(400, 4_000);
    const piece = Buffer.alloc(256 * 1024, 7);
    using upstream = await startRealtimeUpstream({
      onSession: async ({ socket }) => {
        socket.send(CREATED);
        for (let n = 0; n < total; n += 1) {
          await new Promise<void>((resolve) => socket.send(piece, () => resolve()));
          while (socket.bufferedAmount > 1_048_576) await Bun.sleep(5);
        }
        socket.close(1000);
      },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const port = Number(new URL(app.url).port);
    let bytes = 0;
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const handshake =
      "GET /v1/realtime HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: Upgrade\r\nupgrade: websocket\r\n" +
      "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, chunk) => {
          bytes += chunk.length;
        },
        close: () => resolve(),
        end: () => resolve(),
      },
    });
    socket.write(handshake);
    await Bun.sleep(300);
    socket.pause();
    const before = process.memoryUsage.rss();
    await Bun.sleep(1_500);
    const growth = Math.round((process.memoryUsage.rss() - before) / 1_048_576);
    figure("realtime: memory while a client reads nothing, MB", growth);
    expect(growth).toBeLessThan(96);
    socket.resume();
    await closed;
    expect(bytes).toBeGreaterThan(total * piece.length);
  }, 60_000);

  test("a client that sends faster than the upstream takes is cut off before it fills the memory", async () => {
    using upstream = await startRealtimeUpstream({
      onSession: ({ socket }) => {
        socket.send(CREATED);
        socket.pause();
      },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const client = await connect(`${app.base}/realtime`);
    const piece = Buffer.alloc(1_048_576, 7);
    let code: number | null = null;
    void client.closed.then((end) => {
      code = end.code;
    });
    let sent = 0;
    for (; sent < 200 && code === null; sent += 1) {
      await new Promise<void>((resolve) => client.socket.send(piece, () => resolve()));
    }
    expect((await client.closed).code).toBe(1013);
    expect(sent).toBeGreaterThan(60);
  }, 60_000);
});
