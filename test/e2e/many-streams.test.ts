import { expect, test } from "bun:test";
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { chatStream } from "../support/openai-streams.ts";
import { figure, scale } from "../support/scale.ts";

const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });

/** `fetch` would run 256 at once and let the others wait. */
function post(url: string, body: object): Promise<{ headers: IncomingHttpHeaders; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v1/chat/completions`, { method: "POST", agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, bytes: Buffer.concat(chunks) }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(body));
  });
}

const MEMORY_LIMIT_MB = 160;

test("a thousand streams at once: none waits unseen, all byte-exact, in bounded memory", async () => {
  const streams = scale(300, 1_000);
  const chunks = scale(20, 41);
  using upstream = startFakeUpstream();
  // None begins to answer before the last has come, however slow the machine is.
  const together = async () => {
    await upstream.untilCalls(streams);
    return chatStream(chunks, { delayMs: scale(50, 100) });
  };
  for (const key of ["key-a-123", "key-b-123"]) upstream.script(key, together);
  await using program = await startExecutable();
  await program.setUp(upstream.url, ["key-a-123", "key-b-123"], { rotation_request_count: 1 });
  let exact = 0;
  const running = Array.from({ length: streams }, async (_, index) => {
    const messages = [{ role: "user", content: `s ${index}` }];
    // Who asks for the usage gets every byte as it came.
    const usage = { include_usage: true };
    const body = { model: "gpt-4o", stream: true, stream_options: usage, messages };
    const { headers, bytes } = await post(program.url, body);
    const call = upstream.calls[Number(headers["x-fake-call"])];
    if (call !== undefined && bytes.equals(Buffer.from(call.sentBody.bytes))) exact += 1;
  });
  await upstream.untilCalls(streams);
  const openAtOnce = upstream.calls.filter((call) => call.endedAt === null).length;
  await Promise.all(running);
  const peakMb = program.peakRssBytes() / 2 ** 20;
  figure("streams: at once, byte-exact, peak memory in MB", `${openAtOnce}, ${exact}, ${peakMb.toFixed(0)}`);
  expect(openAtOnce).toBe(streams);
  expect(exact).toBe(streams);
  expect(peakMb).toBeLessThan(MEMORY_LIMIT_MB);
}, 120_000);
