import { expect, test } from "bun:test";
import { createAdminClient } from "../support/admin-client.ts";
import { respond } from "../support/answers.ts";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { chatStream } from "../support/openai-streams.ts";
import { startProgram } from "../support/process.ts";
import { figure, scale } from "../support/scale.ts";

const MIB = 1024 * 1024;
const AT_ONCE = 25;

test("a client that leaves closes the upstream within a second, before its answer and inside it", async () => {
  const runs = scale(50, 1_000);
  using upstream = startFakeUpstream({ keys: { "key-a-123": chatStream(200, { delayMs: 50 }) } });
  await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
  const tookMs: number[] = [];
  for (let done = 0; done < runs; done += AT_ONCE) {
    const begun = upstream.calls.length;
    const leave = new AbortController();
    const asked = Array.from({ length: AT_ONCE }, () => app.chat({ stream: true }, { signal: leave.signal }));
    await upstream.untilCalls(begun + AT_ONCE);
    // Half of the rounds leave at once, half while the stream flows.
    if ((done / AT_ONCE) % 2 === 0)
      await Promise.all(asked.map(async (one) => (await one).body!.getReader().read()));
    const leftAt = performance.now();
    leave.abort();
    await Promise.allSettled(asked);
    const calls = upstream.calls.slice(begun);
    await Promise.all(calls.map((call) => call.ended));
    expect(calls.every((call) => call.aborted)).toBe(true);
    tookMs.push(...calls.map((call) => (call.endedAt as number) - leftAt));
  }
  tookMs.sort((a, b) => a - b);
  const p99 = tookMs[Math.ceil(tookMs.length * 0.99) - 1] as number;
  figure("clients that left, p99 until the upstream was closed in ms", `${tookMs.length}, ${p99.toFixed(0)}`);
  expect(p99).toBeLessThan(1_000);
  expect((await app.keys())[0]).toMatchObject({ strikes: 0, in_flight: 0, status: "available" });
}, 240_000);

test("a slow reader of a large answer costs little memory", async () => {
  const bytes = scale(64, 500) * MIB;
  const piece = Buffer.alloc(MIB, "x");
  const pieces = Array.from({ length: bytes / MIB }, () => piece);
  const headers = { "content-type": "application/octet-stream" };
  using upstream = startFakeUpstream({
    keys: { "key-a-123": respond({ headers, pieces, framing: "chunked" }) },
  });
  const env = { ADMIN_API_TOKEN: "a-token-of-tests", ADMIN_PASSWORD: "a good password" };
  await using program = await startProgram({ env });
  await createAdminClient(program.url, "a-token-of-tests").setUp(upstream.url, ["key-a-123"]);
  const before = program.peakRssBytes();
  let received = 0;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(new URL(program.url).port),
    socket: {
      data(its, data) {
        received += data.byteLength;
        if (received >= bytes) return resolve();
        // The upstream could give all of it twenty times faster.
        if (received % (4 * MIB) < data.byteLength) {
          its.pause();
          setTimeout(() => its.resume(), 150);
        }
      },
    },
  });
  socket.write("GET /v1/files/file-1/content HTTP/1.1\r\nhost: x\r\n\r\n");
  await all;
  socket.end();
  const moreMb = (program.peakRssBytes() - before) / MIB;
  figure("slow reader: MB, memory above the peak before it in MB", `${bytes / MIB}, ${moreMb.toFixed(0)}`);
  expect(moreMb).toBeLessThan(64);
}, 240_000);
