import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { startExecutable } from "../support/executable.ts";
import { startRealtimeUpstream } from "../support/realtime-upstream.ts";
import { figure, scale } from "../support/scale.ts";
import { startTlsFront } from "../support/tls-front.ts";

const KEYS = ["limited-key-1", "limited-key-2", "good-key-1", "good-key-2", "good-key-3"];
const AT_ONCE = 10;

test("realtime sessions of the official SDK, two of five keys limited: no client notices", async () => {
  const sessions = scale(40, 500);
  using upstream = await startRealtimeUpstream({
    refused: { "limited-key-1": 429, "limited-key-2": 429 },
    onSession: ({ socket }) => {
      socket.send(JSON.stringify({ type: "session.created", session: {} }));
      socket.on("message", (data: Buffer) => {
        const { type } = JSON.parse(data.toString()) as { type: string };
        const usage = { total_tokens: 5, input_tokens: 3, output_tokens: 2 };
        if (type === "response.create")
          socket.send(JSON.stringify({ type: "response.done", response: { usage } }));
      });
    },
  });
  await using program = await startExecutable();
  await program.setUp(upstream.url, KEYS, { rotation_request_count: 1 });
  // The SDK speaks TLS only.
  const pem = (name: string) => readFileSync(join(import.meta.dir, "../fixtures/tls", name), "utf8");
  using front = startTlsFront(Number(new URL(program.url).port), pem("localhost.pem"), pem("localhost.key"));
  const client = new OpenAI({ apiKey: "the-clients-own", baseURL: `${front.url}/v1`, maxRetries: 0 });

  const errors: string[] = [];
  const one = () =>
    new Promise<void>((resolve) => {
      const session = new OpenAIRealtimeWS({ model: "gpt-realtime", options: { ca: pem("ca.pem") } }, client);
      session.on("error", (error) => {
        errors.push(error.message);
        resolve();
      });
      session.on("session.created", () => session.send({ type: "response.create" }));
      session.on("response.done", () => {
        session.close();
        resolve();
      });
    });
  let left = sessions;
  const worker = async () => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  figure("realtime: SDK sessions, client errors", `${sessions}, ${errors.length}`);
  expect(errors).toEqual([]);
  expect(upstream.sessions).toHaveLength(sessions);
  const limited = upstream.asked.filter((secret) => secret.startsWith("limited"));
  expect(limited.length).toBeLessThanOrEqual(2 * AT_ONCE);
  const rows = await program.logs();
  expect(rows).toHaveLength(sessions);
  expect(rows.every(({ status, input_tokens }) => status === 101 && input_tokens === 3)).toBe(true);
}, 60_000);
