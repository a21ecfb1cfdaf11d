import { afterEach, describe, expect, test } from "bun:test";
import type { SocketClient } from "../../src/upstream/client.ts";
import { ask, failureOf, get, PATIENT, post, readAll, testClient } from "./asking.ts";
import { plainAnswer, type RawAnswerer, type RawServer, rawServer, until } from "./raw-server.ts";

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

describe("the request", () => {
  test("goes out with the client's own lines and the caller's, in order, values byte for byte", async () => {
    await serve((socket) => socket.write(plainAnswer("ok")));
    const headers: [string, string][] = [
      ["authorization", "Bearer sk-1"],
      ["x-twice", "1"],
      ["x-twice", "2"],
      ["x-latin", "\xe9\xff"],
      ["x-empty", ""],
    ];
    const url = `${server.url}/v1/chat?a=%20b&c=d'"`;
    await ask(client, { method: "POST", url, headers, body: Buffer.from('{"é":1}') });
    expect(server.requests[0]!.head.split("\r\n")).toEqual([
      "POST /v1/chat?a=%20b&c=d'\" HTTP/1.1",
      `host: 127.0.0.1:${server.port}`,
      "authorization: Bearer sk-1",
      "x-twice: 1",
      "x-twice: 2",
      "x-latin: \xe9\xff",
      "x-empty: ",
      "content-length: 8",
    ]);
    expect(server.requests[0]!.body.toString()).toBe('{"é":1}');
  });

  test("has a length of 0 where a body is usual, and none where not", async () => {
    await serve((socket) => socket.write(plainAnswer("ok")));
    for (const method of ["POST", "GET", "DELETE"]) await ask(client, { ...get(server.url), method });
    await ask(client, post(server.url, ""));
    const lengths = server.requests.map(({ head }) => /content-length: .*/.exec(head)?.[0] ?? null);
    expect(lengths).toEqual(["content-length: 0", null, null, "content-length: 0"]);
  });

  const unsendable: [name: string, method: string, path: string, header: [string, string] | null][] = [
    ["a header with CR LF", "GET", "/", ["x-key", "sk-secret\r\nx-evil: 1"]],
    ["a header with NUL", "GET", "/", ["x-key", "sk-secret\0"]],
    ["a header beyond Latin-1", "GET", "/", ["x-key", "sk-secret\u20ac"]],
    ["a header name with a blank", "GET", "/", ["x key", "sk-secret"]],
    ["a second host", "GET", "/", ["host", "sk-secret"]],
    ["a second length", "GET", "/", ["content-length", "5"]],
    ["a transfer-encoding", "GET", "/", ["transfer-encoding", "chunked"]],
    ["a connection header", "GET", "/", ["connection", "close"]],
    ["a method with a blank", "GET /x", "/", null],
    ["a path with a blank", "GET", "/a b", null],
    ["a path with a line break", "GET", "/a\r\nx: y", null],
    ["a path with a fragment", "GET", "/a#b", null],
    ["a path beyond ASCII", "GET", "/é", null],
  ];
  test.each(unsendable)("is refused before a byte leaves: %s", async (_name, method, path, header) => {
    await serve((socket) => socket.write(plainAnswer("ok")));
    const request = { method, url: server.url + path, headers: header ? [header] : [], body: null };
    const failure = await failureOf(ask(client, request));
    expect([failure.kind, failure.sent]).toEqual(["protocol_error", false]);
    expect(failure.message).not.toContain("secret");
    expect(server.requests.length).toBe(0);
  });

  test("of 30 MB arrives whole at a host that reads slowly", async () => {
    const body = Buffer.alloc(30_000_000, "0123456789abcdef");
    await serve((socket, request) => socket.write(plainAnswer(String(request.body.equals(body)))));
    const sending = ask(client, post(server.url, body));
    await until(() => server.sockets.size === 1);
    for (const socket of server.sockets) {
      socket.pause();
      setTimeout(() => socket.resume(), 150);
    }
    expect((await sending).body.toString()).toBe("true");
    expect(client.stats()).toEqual({ openConnections: 1, idleConnections: 1 });
  });
});

describe("an answer that comes before the request is whole", () => {
  const early =
    (status: string): RawAnswerer =>
    () => {
      throw new Error(`the request should not have been read whole for ${status}`);
    };

  test("is used when it refuses; the rest is not sent, the connection not kept", async () => {
    await serve(early("413"));
    const sending = ask(client, post(server.url, Buffer.alloc(60_000_000)));
    await until(() => server.sockets.size === 1);
    const [socket] = server.sockets;
    socket!.pause();
    socket!.write("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig");
    const answer = await sending;
    expect([answer.status, answer.body.toString(), answer.failure]).toEqual([413, "big", null]);
    expect(client.stats().openConnections).toBe(0);
  });

  test("is used when it refuses and takes long: nothing more of the request leaves", async () => {
    await serve(early("413"));
    const body = Buffer.alloc(60_000_000);
    const pending = client.send(post(server.url, body), PATIENT);
    await until(() => server.sockets.size === 1);
    const [socket] = server.sockets;
    socket!.pause();
    socket!.write("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\n");
    const answer = await pending.answer;
    socket!.resume();
    await Bun.sleep(200);
    socket!.write("big");
    expect((await readAll(answer)).body.toString()).toBe("big");
    expect(socket!.bytesRead).toBeLessThan(body.length / 2);
  });

  test("does not stop the request when it accepts", async () => {
    const body = Buffer.alloc(30_000_000, "x");
    await serve((socket, request) => socket.end(String(request.body.length)));
    const sending = ask(client, post(server.url, body));
    await until(() => server.sockets.size === 1);
    const [socket] = server.sockets;
    socket!.pause();
    socket!.write("HTTP/1.1 200 OK\r\n\r\ngot ");
    setTimeout(() => socket!.resume(), 100);
    const answer = await sending;
    expect([answer.status, answer.body.toString(), answer.failure]).toEqual([200, "got 30000000", null]);
  });
});

describe("the answer", () => {
  test.each([301, 302, 303, 307, 308])("%p is passed on, never followed", async (status) => {
    await serve((socket) =>
      socket.write(`HTTP/1.1 ${status} Go\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n`),
    );
    const answer = await ask(client, post(server.url, "{}"));
    expect([answer.status, answer.headers[0]]).toEqual([status, ["location", "/other"]]);
    expect(server.requests.length).toBe(1);
  });

  test("is passed on compressed, with its header", async () => {
    const zipped = Buffer.from(Bun.gzipSync("hello hello hello"));
    await serve((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`);
      socket.write(zipped);
    });
    const answer = await ask(client, get(server.url));
    expect(answer.headers).toContainEqual(["content-encoding", "gzip"]);
    expect(answer.body.equals(zipped)).toBe(true);
  });

  test("that is not HTTP is a protocol error at once, without a byte of it in the message", async () => {
    await serve((socket) => socket.write("SSH-2.0-secret-banner\r\n"));
    const start = performance.now();
    const failure = await failureOf(ask(client, get(server.url)));
    expect([failure.kind, failure.sent]).toEqual(["protocol_error", true]);
    expect(failure.message).not.toContain("secret");
    expect(performance.now() - start).toBeLessThan(1_000);
    await until(() => server.sockets.size === 0);
  });

  test("that breaks in its coding fails after the bytes that were good", async () => {
    await serve((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzzz");
    });
    const { body, failure } = await ask(client, get(server.url));
    expect([body.toString(), failure?.kind]).toEqual(["hello", "protocol_error"]);
    await until(() => server.sockets.size === 0);
  });

  const cutOff: [name: string, head: string, how: "end" | "resetAndDestroy"][] = [
    ["FIN, content-length", "content-length: 10\r\n", "end"],
    ["reset, content-length", "content-length: 10\r\n", "resetAndDestroy"],
    ["FIN, chunked", "transfer-encoding: chunked\r\n", "end"],
    ["reset, chunked", "transfer-encoding: chunked\r\n", "resetAndDestroy"],
    ["reset, until close", "", "resetAndDestroy"],
  ];
  test.each(cutOff)("that is cut off is an error, never an end: %s", async (_name, head, how) => {
    await serve((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n${head.startsWith("t") ? "5\r\nhello\r\n" : "hello"}`);
      setTimeout(() => socket[how](), 50);
    });
    const { body, failure } = await ask(client, get(server.url));
    expect([body.toString(), failure?.kind, failure?.sent]).toEqual(["hello", "connection_lost", true]);
  });

  test.each(["end", "resetAndDestroy"] as const)("that never began: %s before the head", async (how) => {
    await serve((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-le");
      setTimeout(() => socket[how](), 30);
    });
    const failure = await failureOf(ask(client, get(server.url)));
    expect([failure.kind, failure.sent]).toEqual(["connection_lost", true]);
  });
});

describe("abort", () => {
  const endless: RawAnswerer = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    const timer = setInterval(() => socket.write("5\r\nhello\r\n"), 10);
    socket.on("close", () => clearInterval(timer));
  };

  test("in the middle of a body closes the host's side within a second, one onError, nothing after", async () => {
    await serve(endless);
    const answer = await client.send(get(server.url), PATIENT).answer;
    const calls: string[] = [];
    answer.read({
      onData: () => {
        calls.push("data");
        if (calls.length === 3) answer.abort();
      },
      onEnd: () => calls.push("end"),
      onError: ({ kind }) => calls.push(kind),
    });
    await until(() => calls.includes("aborted"));
    await until(() => server.sockets.size === 0, 1_000);
    answer.abort();
    await Bun.sleep(50);
    expect(calls).toEqual(["data", "data", "data", "aborted"]);
    expect(client.stats()).toEqual({ openConnections: 0, idleConnections: 0 });
  });

  test("before read(), and before the head", async () => {
    await serve((socket, request) => {
      if (!request.head.includes("/never")) void endless(socket, request);
    });
    const answer = await client.send(get(server.url), PATIENT).answer;
    answer.abort();
    expect((await readAll(answer)).failure?.kind).toBe("aborted");
    const pending = client.send(get(`${server.url}/never`), PATIENT);
    await until(() => server.requests.length === 2);
    pending.abort();
    const failure = await failureOf(pending.answer);
    expect([failure.kind, failure.sent]).toEqual(["aborted", true]);
    await until(() => server.sockets.size === 0, 1_000);
  });

  test("by the pending answer, when the head came in the meantime", async () => {
    await serve(endless);
    const pending = client.send(get(server.url), PATIENT);
    const answer = await pending.answer;
    pending.abort();
    expect((await readAll(answer)).failure?.kind).toBe("aborted");
    await until(() => server.sockets.size === 0, 1_000);
  });

  test("while the name is looked up: nothing is opened afterwards", async () => {
    await serve(endless);
    let found = (_addresses: string[]) => {};
    const asked = new Promise<string[]>((resolve) => {
      found = resolve;
    });
    client = testClient({ lookup: () => asked });
    const pending = client.send(get(`http://name.test:${server.port}/`), PATIENT);
    pending.abort();
    expect((await failureOf(pending.answer)).kind).toBe("aborted");
    found(["127.0.0.1"]);
    await Bun.sleep(20);
    expect(client.stats().openConnections).toBe(0);
  });

  test("before the connection is open; nobody has to look at the promise", async () => {
    await serve(endless);
    client.send(get(server.url), PATIENT).abort();
    const pending = client.send(get(server.url), PATIENT);
    pending.abort();
    const failure = await failureOf(pending.answer);
    expect([failure.kind, failure.sent]).toEqual(["aborted", false]);
    await until(() => client.stats().openConnections === 0);
    expect(server.requests.length).toBe(0);
  });

  test("after the end is harmless: the connection serves on", async () => {
    await serve((socket) => socket.write(plainAnswer("ok")));
    const pending = client.send(get(server.url), PATIENT);
    const answer = await pending.answer;
    await readAll(answer);
    answer.abort();
    pending.abort();
    expect((await ask(client, get(server.url))).body.toString()).toBe("ok");
    expect(new Set(server.requests.map(({ port }) => port)).size).toBe(1);
  });
});

test("beyond the bound of connections a request fails clearly, and places come free again", async () => {
  await serve((socket) => setTimeout(() => socket.write(plainAnswer("ok")), 50));
  client = testClient({ limits: { connections: 5 } });
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => ask(client, get(server.url))));
  const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  expect(refused.map(({ kind, sent }) => [kind, sent])).toEqual(new Array(3).fill(["connect_failed", false]));
  expect(refused[0].message).toContain("5 connections are open, the limit");
  expect((await ask(client, get(server.url))).status).toBe(200);
});

test("a connection left idle lets the process end", async () => {
  await serve((socket) => socket.write(plainAnswer("ok")));
  const script = `
    import { systemClock } from "./src/clock.ts";
    import { createUpstreamClient } from "./src/upstream/client.ts";
    const client = createUpstreamClient({ clock: systemClock });
    const options = { connectTimeoutMs: 5000, firstByteTimeoutMs: 5000, idleTimeoutMs: 5000 };
    for (let index = 0; index < 2; index++) {
      const answer = await client.send({ method: "GET", url: "${server.url}", headers: [], body: null }, options).answer;
      await new Promise((resolve, reject) => answer.read({ onData() {}, onEnd: resolve, onError: reject }));
    }
    console.log(JSON.stringify(client.stats()));`;
  const root = `${import.meta.dir}/../..`;
  const child = Bun.spawn([process.execPath, "-e", script], { cwd: root, timeout: 8_000 });
  expect(JSON.parse(await new Response(child.stdout).text())).toEqual({
    openConnections: 1,
    idleConnections: 1,
  });
  expect(await child.exited).toBe(0);
});
