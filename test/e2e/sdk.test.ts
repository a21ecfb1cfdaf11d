import { expect, test } from "bun:test";
import { anyAnswer, limitedForAMoment } from "../support/any-answer.ts";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { figure, scale } from "../support/scale.ts";
import { anthropicCalls, openaiCalls, type SdkCall, sdkClients } from "../support/sdk-calls.ts";

const LIMITED = ["limited-key-1", "limited-key-2"];
const GOOD = ["good-key-1", "good-key-2", "good-key-3"];

test("each family of the official SDKs through the executable, two of five keys limited: no client notices", async () => {
  const rounds = scale(2, 20);
  using upstream = startFakeUpstream({
    keys: Object.fromEntries([
      ...LIMITED.map((key) => [key, limitedForAMoment()]),
      ...GOOD.map((key) => [key, anyAnswer]),
    ]),
  });
  await using program = await startExecutable();
  await program.setUp(upstream.url, [...LIMITED, ...GOOD], { rotation_request_count: 1 });
  const clients = sdkClients(program.url);
  const errors: string[] = [];
  let calls = 0;
  let limited = 0;

  const run = async <Client>(client: Client, { asks, call }: SdkCall<Client>) => {
    const before = upstream.calls.length;
    calls += 1;
    try {
      await call(client);
    } catch (error) {
      errors.push(`${asks}: ${error}`);
    }
    const asked = upstream.calls
      .slice(before)
      .map(({ method, path }) => `${method} ${path.replace("/v1", "")}`);
    limited += upstream.calls.slice(before).filter(({ secret }) => LIMITED.includes(secret ?? "")).length;
    // The list of models is kept: it is asked for once.
    if (!asks.endsWith(" /models") && asked.some((one) => one !== asks))
      errors.push(`${asks}: asked ${asked}`);
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const row of openaiCalls) await run(clients.openai, row);
    for (const row of anthropicCalls) await run(clients.anthropic, row);
  }
  figure(
    "SDK families: calls, answers of limited keys on the way, client errors",
    `${calls}, ${limited}, ${errors.length}`,
  );
  expect(errors).toEqual([]);
  expect(limited).toBeGreaterThan(calls / 10);
  expect(upstream.faults).toEqual([]);
  const shown = upstream.calls.flatMap(({ headers }) => headers.map(([, value]) => value));
  expect(shown.filter((value) => value.includes("the-clients-own"))).toEqual([]);
}, 120_000);
