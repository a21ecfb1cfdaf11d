import { expect, test } from "bun:test";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { ask } from "../support/load.ts";
import { ok } from "../support/openai-answers.ts";
import { rateLimited, unauthorized } from "../support/openai-errors.ts";

interface ExplanationJson {
  strategy: string;
  chosen_key_id: string | null;
  refusal: { code: string } | null;
  keys: {
    id: string;
    name: string;
    chosen: boolean;
    usable: boolean;
    reason: string;
    until: string | null;
  }[];
  total_keys: number;
}

test("an invalid key is probed by a free call and comes back by itself; why it is out is told meanwhile", async () => {
  using upstream = startFakeUpstream({ keys: { "revoked-key-1": unauthorized(), "healthy-key-1": ok() } });
  await using program = await startExecutable();
  await program.setUp(upstream.url, ["revoked-key-1", "healthy-key-1"], {
    rotation_request_count: 1,
    key_probe_interval_s: 1,
  });
  for (let n = 0; n < 3; n += 1) expect((await ask(program.url)).status).toBe(200);
  const explain = async (query = "") =>
    (await program.must("GET", `/pool/explain${query}`)) as ExplanationJson;
  const told = await explain("?model=gpt-4o");
  const of = (name: string) => told.keys.find((key) => key.name === name);
  expect(told).toMatchObject({
    strategy: "round_robin",
    chosen_key_id: of("healthy-key-1")?.id,
    total_keys: 2,
  });
  expect(of("revoked-key-1")?.reason).toStartWith("Invalid: ");
  expect(of("healthy-key-1")).toMatchObject({ chosen: true, usable: true });
  upstream.script("revoked-key-1", ok());
  const statusOf = async () => (await program.keys()).find(({ name }) => name === "revoked-key-1")?.status;
  for (let n = 0; n < 60 && (await statusOf()) === "invalid"; n += 1) await Bun.sleep(100);
  expect(await statusOf()).toBe("available");
  const probe = upstream.callsOf("revoked-key-1").at(-1);
  expect([probe?.method, probe?.path]).toEqual(["GET", "/v1/models"]);
  expect((await program.api("GET", "/pool/explain?pool_id=nowhere")).status).toBe(404);
});

test("a pool has its own strategy; where it has no key to give, explain says what a client is told", async () => {
  const keys = ["pooled-key-1", "pooled-key-2", "pooled-key-3"];
  using upstream = startFakeUpstream({ keys });
  await using program = await startExecutable();
  await program.setUp(upstream.url, keys, { rotation_request_count: 1 });
  const pool = (await program.must("POST", "/pools", { name: "one", strategy: "fill_first" })) as {
    id: string;
  };
  const ids = (await program.keys()).map(({ id }) => id);
  await program.must("POST", "/keys/bulk", { action: "move", ids, pool_id: pool.id });
  const askPool = () =>
    fetch(`${program.url}/pools/one/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "gpt-4o", messages: [] }),
    });
  for (let n = 0; n < 4; n += 1) expect((await askPool()).status).toBe(200);
  expect(new Set(upstream.calls.map(({ secret }) => secret)).size).toBe(1);
  for (let n = 0; n < 3; n += 1) await ask(program.url);
  expect(new Set(upstream.calls.slice(4).map(({ secret }) => secret)).size).toBe(3);
  upstream.override(rateLimited({ retryAfter: 60 }));
  expect((await askPool()).status).toBe(429);
  const told = (await program.must("GET", `/pool/explain?pool_id=${pool.id}`)) as ExplanationJson;
  expect(told).toMatchObject({
    strategy: "fill_first",
    chosen_key_id: null,
    refusal: { code: "keys_cooling_down" },
  });
  expect(told.keys.every(({ reason, until }) => reason.startsWith("Cooling down: ") && until !== null)).toBe(
    true,
  );
});
