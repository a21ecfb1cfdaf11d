import { afterAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { HeldBytes, UploadBody } from "../../src/proxy/upload-body.ts";
import type { BodySource, UpstreamRequest } from "../../src/upstream/types.ts";
import { respond, status } from "../support/answers.ts";
import { never } from "../support/broken-answers.ts";
import { type FakeUpstreamOptions, startFakeUpstream } from "../support/fake-upstream.ts";
import { ask, failureOf, testClient } from "./asking.ts";

const FIXTURES = `${import.meta.dir}/../fixtures/tls`;
const pem = (name: string) => Bun.file(`${FIXTURES}/${name}`).text();
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const ok = status(200, "ok");
const client = testClient();
afterAll(() => client.close());

function sourceOf(pieces: (Uint8Array | Error)[], length: number | null, pauseMs = 0): BodySource {
  const left = [...pieces];
  return {
    length,
    async read() {
      await Bun.sleep(pauseMs);
      const next = left.shift() ?? null;
      if (next instanceof Error) throw next;
      return next;
    },
  };
}
const upload = (url: string, body: BodySource): UpstreamRequest => ({
  method: "POST",
  url: `${url}/files`,
  headers: [],
  body,
});
const text = (...parts: string[]) => parts.map((part) => Buffer.from(part));
const open = (options: FakeUpstreamOptions = {}) => startFakeUpstream({ fallback: ok, ...options });

describe("a streamed request body", () => {
  test("goes out with its length, or in chunks where that is not known", async () => {
    using upstream = open();
    const stated = await ask(client, upload(upstream.url, sourceOf(text("abc", "", "defg"), 7)));
    const chunked = await ask(client, upload(upstream.url, sourceOf(text("abc", "", "defg"), null)));
    const empty = await ask(client, upload(upstream.url, sourceOf([], null)));
    expect([stated.status, chunked.status, empty.status]).toEqual([200, 200, 200]);
    const [first, second, third] = upstream.calls;
    expect([first?.body.text, second?.body.text, third?.body.text]).toEqual(["abcdefg", "abcdefg", ""]);
    expect(first?.header("content-length")).toBe("7");
    expect(second?.header("transfer-encoding")).toBe("chunked");
    expect(upstream.faults).toEqual([]);
  });

  test("has a connection of its own, since it could not be sent a second time", async () => {
    using upstream = open();
    for (let n = 0; n < 3; n += 1) await ask(client, upload(upstream.url, sourceOf(text("abc"), 3)));
    expect(upstream.calls.map(({ connectionUse }) => connectionUse)).toEqual([1, 1, 1]);
  });

  test("that breaks off, ends early or goes on too long ends the call, and nothing is taken for whole", async () => {
    using upstream = open();
    const wrong = [
      sourceOf([Buffer.from("abc"), new Error("the client left")], 10),
      sourceOf([Buffer.from("abc"), new Error("the client left")], null),
      sourceOf(text("abc"), 10),
      sourceOf(text("abc", "defgh"), 5),
    ];
    for (const source of wrong) {
      const failure = await failureOf(ask(client, upload(upstream.url, source)));
      expect(failure.kind).toBe("aborted");
      expect(failure.sent).toBe(true);
    }
    await Promise.all(upstream.calls.map((call) => call.ended));
    expect(upstream.calls.every((call) => call.aborted && call.bodyAt === null)).toBe(true);
  });

  test("is not read on after a refusal that came before its end", async () => {
    using upstream = open({ fallback: respond({ status: 429, pieces: ["no"], early: true }) });
    let reads = 0;
    const endless: BodySource = {
      length: null,
      async read() {
        reads += 1;
        await Bun.sleep(2);
        return Buffer.alloc(1_000);
      },
    };
    const { status: code, body } = await ask(client, upload(upstream.url, endless));
    expect([code, body.toString()]).toEqual([429, "no"]);
    const before = reads;
    await Bun.sleep(50);
    expect(reads).toBeLessThanOrEqual(before + 1);
  });

  test("may be slower than the first-byte timeout; the host may not", async () => {
    using upstream = open();
    const slow = sourceOf(text("a", "b", "c", "d"), 4, 150);
    expect((await ask(client, upload(upstream.url, slow), { firstByteTimeoutMs: 300 })).status).toBe(200);
    upstream.override(never());
    const asked = ask(client, upload(upstream.url, sourceOf(text("abcd"), 4)), { firstByteTimeoutMs: 200 });
    expect((await failureOf(asked)).kind).toBe("first_byte_timeout");
  });

  test("is held back by a host that takes nothing", async () => {
    let given = 0;
    const endless: BodySource = {
      length: null,
      async read() {
        given += 1_000_000;
        return Buffer.alloc(1_000_000);
      },
    };
    const silent = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void socket.pause(), data() {} },
    });
    const url = `http://127.0.0.1:${silent.port}/v1`;
    const pending = client.send(upload(url, endless), {
      connectTimeoutMs: 5_000,
      firstByteTimeoutMs: 60_000,
      idleTimeoutMs: 60_000,
    });
    await Bun.sleep(300);
    const before = given;
    await Bun.sleep(300);
    expect(given).toBe(before);
    expect(given).toBeLessThan(20_000_000);
    pending.abort();
    expect((await failureOf(pending.answer)).kind).toBe("aborted");
    silent.stop(true);
  });
});

describe("memory that an upload gives back was sent before", () => {
  for (const isTls of [false, true]) {
    test(isTls ? "over TLS" : "over plain sockets", async () => {
      const keys = { cert: await pem("localhost.pem"), key: await pem("localhost.key") };
      using upstream = open(isTls ? { tls: keys } : {});
      const its = testClient({ ca: await pem("ca.pem") });
      const url = upstream.url.replace("127.0.0.1", "localhost");
      const pieces = Array.from({ length: 60 }, (_, n) => new Uint8Array(512 * 1024).fill(n + 1));
      const whole = sha256(Buffer.concat(pieces));
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const piece of pieces) controller.enqueue(piece);
          controller.close();
        },
      });
      const body = new UploadBody(stream, null, Number.MAX_SAFE_INTEGER, new HeldBytes());
      expect((await ask(its, upload(url, body.open()))).status).toBe(200);
      expect(upstream.calls[0]?.body.sha256()).toBe(whole);
      // The last ones were given back as they went.
      expect(pieces.filter((piece) => piece.byteLength === 0).length).toBeGreaterThan(30);
      its.close();
    });
  }
});
