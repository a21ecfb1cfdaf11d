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

const ports = () => server.requests.map(({ port }) => port);

describe("a connection is used again", () => {
  test("after a whole answer, the last one first", async () => {
    await serve((socket, { head }) => {
      if (head.includes("/slow")) setTimeout(() => socket.write(plainAnswer("slow")), 100);
      else socket.write(plainAnswer("ok"));
    });
    await Promise.all([ask(client, get(`${server.url}/slow`)), ask(client, get(`${server.url}/fast`))]);
    expect(client.stats()).toEqual({ openConnections: 2, idleConnections: 2 });
    await ask(client, get(`${server.url}/again`));
    const slow = server.requests.find(({ head }) => head.includes("/slow"))!;
    expect(ports()[2]).toBe(slow.port);
  });

  test("within the same turn of the loop, from inside onEnd", async () => {
    await serve((socket) => socket.write(plainAnswer("ok")));
    const first = await client.send(get(server.url), PATIENT).answer;
    const second = await new Promise<{ status: number }>((resolve, reject) =>
      first.read({
        onData: () => {},
        onEnd: () => ask(client, post(`${server.url}/next`, "{}")).then(resolve, reject),
        onError: reject,
      }),
    );
    expect(second.status).toBe(200);
    expect(new Set(ports()).size).toBe(1);
  });

  test("after HEAD, 204, 304 and chunked answers", async () => {
    const answers = [
      "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ];
    await serve((socket, { index }) => socket.write(answers[index % answers.length]!));
    for (const method of ["HEAD", "GET", "GET", "GET"]) {
      const { failure, contentLength, body } = await ask(client, { ...get(server.url), method });
      expect([failure, contentLength === null ? "ok" : "", contentLength]).toEqual([
        null,
        body.toString(),
        body.length > 0 ? null : 0,
      ]);
    }
    expect(new Set(ports()).size).toBe(1);
  });

  const notAgain: [name: string, answer: string, end: boolean][] = [
    ["connection: close", plainAnswer("ok", "connection: close\r\n"), false],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", false],
    ["a body that ends with the connection", "HTTP/1.1 200 OK\r\n\r\nok", true],
    ["bytes after the answer", `${plainAnswer("ok")}HTTP/1.1 200 OK\r\n`, false],
    ["a keep-alive time too short to trust", plainAnswer("ok", "keep-alive: timeout=1\r\n"), false],
  ];
  test.each(notAgain)("but not after %s", async (_name, answer, end) => {
    await serve((socket) => {
      if (end) socket.end(answer);
      else socket.write(answer);
    });
    for (let index = 0; index < 2; index++) {
      const { body, failure } = await ask(client, get(server.url));
      expect([body.toString(), failure]).toEqual(["ok", null]);
    }
    expect(new Set(ports()).size).toBe(2);
    await until(() => server.sockets.size === 0);
  });

  test("never for another host name or port", async () => {
    await serve((socket) => socket.write(plainAnswer("ok")));
    await ask(client, get(server.url));
    await ask(client, get(`http://localhost:${server.port}/`));
    expect(new Set(ports()).size).toBe(2);
    expect(server.requests.map(({ head }) => /host: (.*)/.exec(head)![1])).toEqual([
      `127.0.0.1:${server.port}`,
      `localhost:${server.port}`,
    ]);
  });

  test("never after bytes that nobody asked for", async () => {
    await serve((socket) => {
      socket.write(plainAnswer("ok"));
      setTimeout(() => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"), 30);
    });
    await ask(client, get(server.url));
    await until(() => client.stats().openConnections === 0);
    expect((await ask(client, get(server.url))).body.toString()).toBe("ok");
    expect(new Set(ports()).size).toBe(2);
  });
});

describe("idle connections", () => {
  test("close after their time, and no timer stays behind", async () => {
    await serve((socket) => socket.write(plainAnswer("ok")));
    client = testClient({ limits: { idleMs: 100 } });
    await ask(client, get(server.url));
    expect(client.stats()).toEqual({ openConnections: 1, idleConnections: 1 });
    await until(() => server.sockets.size === 0, 2_000);
    expect(client.stats()).toEqual({ openConnections: 0, idleConnections: 0 });
  });

  test("serve no longer than their maximum age", async () => {
    await serve((socket) => socket.write(plainAnswer("ok")));
    client = testClient({ limits: { ageMs: 150 } });
    const end = performance.now() + 500;
    while (performance.now() < end) {
      await ask(client, get(server.url));
      await Bun.sleep(10);
    }
    expect(new Set(ports()).size).toBeGreaterThan(1);
    expect(server.requests.length).toBeGreaterThan(new Set(ports()).size);
  });

  test("are bounded", async () => {
    await serve((socket) => setTimeout(() => socket.write(plainAnswer("ok")), 50));
    client = testClient({ limits: { idlePerOrigin: 3 } });
    await Promise.all(Array.from({ length: 10 }, () => ask(client, get(server.url))));
    expect(client.stats()).toEqual({ openConnections: 3, idleConnections: 3 });
  });

  test("are forgotten when the host closes them", async () => {
    await serve((socket) => {
      socket.write(plainAnswer("ok"));
      setTimeout(() => socket.end(), 30);
    });
    await ask(client, get(server.url));
    await until(() => client.stats().openConnections === 0);
    expect(client.stats().idleConnections).toBe(0);
  });

  test("close() closes them, and lets those in use end with their answers", async () => {
    await serve((socket, { head }) => {
      if (head.includes("/slow")) {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nsl");
        setTimeout(() => socket.write("ow"), 100);
      } else socket.write(plainAnswer("ok"));
    });
    const slow = await client.send(get(`${server.url}/slow`), PATIENT).answer;
    await ask(client, get(server.url));
    client.close();
    expect(client.stats()).toEqual({ openConnections: 1, idleConnections: 0 });
    expect((await readAll(slow)).body.toString()).toBe("slow");
    await until(() => server.sockets.size === 0);
    expect(client.stats()).toEqual({ openConnections: 0, idleConnections: 0 });
    await ask(client, get(`http://localhost:${server.port}/`));
    expect(client.stats().idleConnections).toBe(0);
  });

  test("belong to a bounded number of origins; the oldest is forgotten first", async () => {
    await serve((socket) => socket.write(plainAnswer("ok")));
    client = testClient({ lookup: async () => ["127.0.0.1"], limits: { origins: 2 } });
    for (const name of ["a", "b", "c", "b"]) await ask(client, get(`http://${name}.test:${server.port}/`));
    expect(client.stats().idleConnections).toBe(2);
    await until(() => server.sockets.size === 2);
    expect(new Set(ports()).size).toBe(3);
  });
});

describe("a kept connection that dies as it is used", () => {
  /** Answers the first request on each connection and lets the connection die at the second one. */
  const dyingAtSecond = (die: "end" | "resetAndDestroy"): RawAnswerer => {
    const seen = new Set<number>();
    return (socket, { port }) => {
      if (seen.has(port)) socket[die]();
      else socket.write(plainAnswer("ok"));
      seen.add(port);
    };
  };

  test.each(["end", "resetAndDestroy"] as const)(
    "is replaced once, with the same bytes (%s)",
    async (die) => {
      await serve(dyingAtSecond(die));
      await ask(client, get(server.url));
      const body = Buffer.alloc(300_000, "b");
      expect((await ask(client, post(`${server.url}/again`, body))).status).toBe(200);
      const [, second, third] = server.requests;
      expect(server.requests.length).toBe(3);
      expect(third!.head).toBe(second!.head);
      expect(third!.body.equals(body)).toBe(true);
      expect(new Set(ports()).size).toBe(2);
    },
  );

  test("a fresh connection that dies is not", async () => {
    await serve((socket) => socket.destroy());
    const failure = await failureOf(ask(client, get(server.url)));
    expect([failure.kind, failure.sent]).toEqual(["connection_lost", true]);
    expect(server.requests.length).toBe(1);
  });

  test("not after a byte of an answer", async () => {
    await serve((socket, { index }) => {
      if (index === 0) socket.write(plainAnswer("ok"));
      else socket.end("H");
    });
    await ask(client, get(server.url));
    expect((await failureOf(ask(client, get(server.url)))).kind).toBe("connection_lost");
    expect(server.requests.length).toBe(2);
  });

  test("not twice", async () => {
    await serve((socket, { index }) => {
      if (index === 0) socket.write(plainAnswer("ok"));
      else socket.destroy();
    });
    await ask(client, get(server.url));
    expect((await failureOf(ask(client, get(server.url)))).kind).toBe("connection_lost");
    expect(server.requests.length).toBe(3);
  });

  test("not when the host had the request for long: it may have worked on it", async () => {
    await serve((socket, { index }) => {
      if (index === 0) socket.write(plainAnswer("ok"));
      else setTimeout(() => socket.destroy(), 400);
    });
    client = testClient({ limits: { reuseDeathMs: 100 } });
    await ask(client, get(server.url));
    expect((await failureOf(ask(client, get(server.url)))).kind).toBe("connection_lost");
    expect(server.requests.length).toBe(2);
  });

  test("a request that must go out once uses no kept connection, and keeps none", async () => {
    await serve(dyingAtSecond("end"));
    for (let index = 0; index < 3; index++)
      expect((await ask(client, post(server.url, "{}"), { once: true })).status).toBe(200);
    expect(new Set(ports()).size).toBe(3);
    expect(server.requests.length).toBe(3);
    expect(client.stats()).toEqual({ openConnections: 0, idleConnections: 0 });
  });

  test("the failure of the replacement says that something may have been sent", async () => {
    await serve((socket, { index }) => {
      if (index === 0) {
        socket.write(plainAnswer("ok"));
        return;
      }
      void server.stop();
      socket.destroy();
    });
    await ask(client, get(server.url));
    const failure = await failureOf(ask(client, get(server.url)));
    expect([failure.kind, failure.sent]).toEqual(["connect_failed", true]);
  });
});
