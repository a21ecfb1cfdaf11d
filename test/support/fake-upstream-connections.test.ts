import { afterEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { chunk, html, respond, status } from "./answers.ts";
import { endlessError, fin, never, raw, reset } from "./broken-answers.ts";
import type { FakeUpstream, FakeUpstreamOptions } from "./fake-upstream.ts";
import { startFakeUpstream } from "./fake-upstream.ts";
import { ok } from "./openai-answers.ts";
import { chatStream } from "./openai-streams.ts";
import { slow, thenHangUp } from "./scripts.ts";

let upstream: FakeUpstream;
const start = (options?: FakeUpstreamOptions) => {
  upstream = startFakeUpstream(options);
};
afterEach(() => {
  expect(upstream.faults.splice(0)).toEqual([]);
  upstream.close();
});

interface Seen {
  text: string;
  /** How the server ended it: a clean end, or an error's code; null where the test ended it. */
  ended: string | null;
}

/** Sends these bytes and reads until the server ends it, or until `untilText` was read. */
function exchange(
  request: string,
  untilText?: string,
  onText?: (send: (more: string) => void) => void,
): Promise<Seen> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(upstream.port, "127.0.0.1", () => socket.write(request));
    const done = (ended: string | null) => {
      resolve({ text, ended });
      socket.destroy();
    };
    socket.on("data", (data) => {
      text += data.toString("latin1");
      if (untilText !== undefined && text.includes(untilText)) done(null);
      else onText?.((more) => socket.write(more));
    });
    socket.on("end", () => done("fin"));
    socket.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? "error"));
  });
}

const get = (secret: string, path = "/v1/models") =>
  `GET ${path} HTTP/1.1\r\nHost: fake\r\nAuthorization: Bearer ${secret}\r\n\r\n`;

describe("breaks", () => {
  test("reset and FIN come where they were ordered", async () => {
    start({
      keys: {
        reset_before_head: reset("before_head"),
        reset_mid_head: reset("mid_head"),
        reset_mid_body: reset("mid_body"),
        fin_before_head: fin("before_head"),
        fin_mid_head: fin("mid_head"),
        fin_mid_body: fin("mid_body"),
      },
    });
    const lastBytes = {
      before_head: "",
      mid_head: "content-type: application/j",
      mid_body: '{"id":"chatcmpl-',
    };
    for (const [place, bytes] of Object.entries(lastBytes)) {
      const broken = await exchange(get(`reset_${place}`));
      expect(broken.ended).toBe("ECONNRESET");
      expect(broken.text.slice(-bytes.length || broken.text.length)).toBe(bytes);
      const ended = await exchange(get(`fin_${place}`));
      expect(ended.ended).toBe("fin");
      expect(ended.text).toBe(broken.text);
    }
    expect(upstream.callsOf("reset_mid_body")[0]).toMatchObject({ status: 200, aborted: false });
    expect(upstream.callsOf("reset_mid_body")[0]?.sentBody.text).toBe('{"id":"chatcmpl-');
    expect(upstream.callsOf("reset_before_head")[0]?.status).toBeNull();
  });

  test("a stream is cut at the byte that was ordered", async () => {
    start({
      keys: {
        fin: chatStream(20, { cut: { atByte: 401, by: "fin" } }),
        reset: chatStream(20, { cut: { atByte: 401, by: "reset" } }),
        stall: chatStream(20, { cut: { atByte: 401, by: "stall" } }),
      },
    });
    const ends = { fin: "fin", reset: "ECONNRESET", stall: null };
    for (const [secret, ended] of Object.entries(ends)) {
      const seen = await exchange(
        get(secret, "/v1/chat/completions"),
        secret === "stall" ? '"role"' : undefined,
      );
      expect(seen.ended).toBe(ended);
      const call = upstream.callsOf(secret)[0]!;
      expect(call.sentBody.length).toBe(401);
      await call.ended;
      expect(call.aborted).toBe(secret === "stall");
    }
  });

  test("never answers, and sees the client leave within 100 ms", async () => {
    start({ keys: { silent: never(), slow: slow(60_000, ok()) } });
    for (const secret of ["silent", "slow"]) {
      const leave = new AbortController();
      const asked = fetch(upstream.url, { headers: { "x-api-key": secret }, signal: leave.signal }).catch(
        () => {},
      );
      await upstream.untilCalls(upstream.calls.length + 1);
      const call = upstream.callsOf(secret)[0]!;
      expect(call.endedAt).toBeNull();
      const left = performance.now();
      leave.abort();
      await Promise.all([call.ended, asked]);
      expect(call.aborted).toBe(true);
      expect(call.endedAt! - left).toBeLessThan(100);
    }
    expect(upstream.openConnections).toBe(0);
  });

  test("an error without end goes on until the client leaves", async () => {
    start({ keys: { fast: endlessError(), slow: endlessError({ code: 503, trickleMs: 5 }) } });
    for (const [secret, code] of [
      ["fast", 500],
      ["slow", 503],
    ] as const) {
      const answer = await fetch(upstream.url, { headers: { "x-api-key": secret } });
      expect(answer.status).toBe(code);
      await answer.body!.getReader().read();
      await answer.body!.cancel().catch(() => {});
      const call = upstream.callsOf(secret)[0]!;
      expect(call.sentBody.length).toBeGreaterThan(0);
      upstream.down();
      await call.ended;
      upstream.up();
    }
  });

  test("a slow reader holds the answer back", async () => {
    const big = Buffer.alloc(32 << 20, "x");
    start({
      fallback: respond({
        framing: "chunked",
        pieces: Array.from({ length: 32 }, (_, i) => big.subarray(i << 20, (i + 1) << 20)),
      }),
    });
    const socket = connect(upstream.port, "127.0.0.1", () => socket.write(get("a")));
    socket.pause();
    await upstream.untilCalls(1);
    await Bun.sleep(150);
    const held = upstream.calls[0]!.sentBody.length;
    expect(held).toBeLessThan(16 << 20);
    expect(upstream.calls[0]!.endedAt).toBeNull();
    socket.resume();
    await upstream.calls[0]!.ended;
    expect(upstream.calls[0]!.sentBody.sha256()).toBe(
      new Bun.CryptoHasher("sha256").update(big).digest("hex"),
    );
    socket.destroy();
  });

  test("the host goes down and comes back on its port", async () => {
    start({ keys: ["a"] });
    const { port } = upstream;
    await fetch(`${upstream.url}/models`, { headers: { "x-api-key": "a" } });
    upstream.down();
    await expect(fetch(`${upstream.url}/models`, { headers: { "x-api-key": "a" } })).rejects.toThrow();
    upstream.up();
    expect(upstream.port).toBe(port);
    expect((await fetch(`${upstream.url}/models`, { headers: { "x-api-key": "a" } })).status).toBe(200);
  });
});

describe("connections", () => {
  test("requests follow one another on one connection, with bodies of both framings, however cut", async () => {
    start({ keys: ["a"] });
    const body = '{"input":["first","second"]}';
    const post = "POST /v1/embeddings HTTP/1.1\r\nx-api-key: a\r\n";
    const chunked = `${post}transfer-encoding: chunked\r\n\r\n${chunk(body.slice(0, 9), ";ext=1")}${chunk(body.slice(9))}0\r\ntrailer: x\r\n\r\n`;
    const counted = `${post}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
    const all = chunked + counted;
    const socket = connect({ port: upstream.port, host: "127.0.0.1", noDelay: true });
    let text = "";
    socket.on("data", (data) => {
      text += data.toString();
    });
    const ended = new Promise((resolve) => socket.on("end", resolve));
    for (let at = 0; at < all.length; at += 7) {
      socket.write(all.slice(at, at + 7));
      if (at % 5 === 0) await Bun.sleep(1);
    }
    await ended;
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(upstream.calls.map((call) => call.body.text)).toEqual([body, body]);
    expect(upstream.calls.map(({ connection, connectionUse }) => [connection, connectionUse])).toEqual([
      [0, 1],
      [0, 2],
    ]);
    socket.destroy();
  });

  test("a connection that dies when it is idle, or as it is used again", async () => {
    start({ keys: { idle: ok(), dying: thenHangUp(ok(), "reset", 40) } });
    const seen = exchange(get("idle"), undefined, () => upstream.dropIdle());
    expect((await seen).ended).toBe("fin");
    let sent = false;
    const dying = await exchange(get("dying"), undefined, (send) => {
      if (!sent) send(get("dying"));
      sent = true;
    });
    expect(dying.ended).toBe("ECONNRESET");
    expect(dying.text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1);
    expect(upstream.callsOf("dying")).toHaveLength(1);
  });

  test("an early answer comes before the body, and expect: 100-continue is served", async () => {
    start({ keys: { early: respond({ status: 413, early: true }), patient: ok() } });
    const upload = (secret: string, rest: string) =>
      `POST /v1/embeddings HTTP/1.1\r\nx-api-key: ${secret}\r\ncontent-length: 500\r\n${rest}\r\n`;
    const early = await exchange(upload("early", "connection: close\r\n"), "content-length: 0");
    expect(early.text).toStartWith("HTTP/1.1 413 ");
    expect(upstream.callsOf("early")[0]?.bodyAt).toBeNull();
    const patient = await exchange(upload("patient", "expect: 100-continue\r\n"), "\r\n\r\n");
    expect(patient.text).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    await upstream.callsOf("patient")[0]!.ended;
    expect(upstream.callsOf("patient")[0]?.aborted).toBe(true);
  });

  test("raw bytes: informational answers, chunk extensions, trailers", async () => {
    const pieces = [
      "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 20",
      "0 Fine\r\nTransfer-Encoding: chunked\r\n\r\n",
      chunk("body", ';a="b"'),
      "0\r\nx-trailer: 1\r\n\r\n",
    ];
    start({ fallback: raw(pieces, { delayMs: 5, by: "keep" }) });
    const seen = await exchange(get("a") + get("a"), "x-trailer: 1\r\n\r\nHTTP/1.1 103");
    expect(seen.text).toStartWith(pieces.map(String).join(""));
    expect(upstream.calls[0]).toMatchObject({ status: 200 });
    expect(upstream.calls[0]?.sentBody.text).toBe(pieces.slice(2).map(String).join(""));
    const text = await (await fetch(upstream.url)).text();
    expect(text).toBe("body");
  });

  test("HEAD, 204 and pages", async () => {
    start({ keys: { head: status(200, "unseen"), none: status(204, ""), page: html(502) } });
    const ask = (secret: string, method = "GET") =>
      fetch(upstream.url, { method, headers: { "x-api-key": secret } });
    const head = await ask("head", "HEAD");
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "6", ""]);
    expect((await ask("none")).status).toBe(204);
    expect(await (await ask("page")).text()).toStartWith("<!DOCTYPE html>");
  });

  test("over TLS: whoever trusts the authority is served, others are not", async () => {
    const file = (name: string) => readFileSync(join(import.meta.dir, "../fixtures/tls", name), "utf8");
    start({ keys: ["a"], tls: { cert: file("localhost.pem"), key: file("localhost.key") } });
    const ask = (tls: object) => fetch(`${upstream.url}/models`, { headers: { "x-api-key": "a" }, tls });
    expect((await ask({ ca: file("ca.pem") })).status).toBe(200);
    await expect(ask({})).rejects.toThrow();
    expect(upstream.calls).toHaveLength(1);
  });

  test("bytes that are no clean HTTP are told as a fault", async () => {
    start();
    const wrong = [
      "GET http HTTP/1.0\r\n\r\n",
      "POST /v1/x HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
      "POST /v1/x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n",
      "GET /v1/x HTTP/1.1\r\nbad header: 1\r\n\r\n",
    ];
    for (const bytes of wrong) expect((await exchange(bytes)).text).toStartWith("HTTP/1.1 400 ");
    expect(upstream.faults.splice(0)).toEqual([
      'connection 0: no request line: "GET http HTTP/1.0"',
      "connection 1: more than one body length",
      "connection 2: bytes after a chunk",
      'connection 3: no header: "bad header: 1"',
    ]);
  });
});
