import { describe, expect, test } from "bun:test";
import OpenAI, { toFile } from "openai";
import { Account } from "../support/account.ts";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { rateLimited } from "../support/openai-errors.ts";
import { figure, scale } from "../support/scale.ts";

interface World {
  accounts: Account[];
  keys: string[];
  upstream: ReturnType<typeof startFakeUpstream>;
}

function startAccounts(count: number): World {
  const accounts = Array.from({ length: count }, () => new Account());
  const keys = accounts.map((_, index) => `key-${String(index).padStart(3, "0")}-secret`);
  const scripts = Object.fromEntries(keys.map((key, index) => [key, accounts[index]!.script]));
  return { accounts, keys, upstream: startFakeUpstream({ keys: scripts }) };
}

const clientOf = (base: string) => new OpenAI({ apiKey: "unused", baseURL: base, maxRetries: 0 });
const makeFile = async (client: OpenAI, name: string) =>
  (await client.files.create({ file: await toFile(Buffer.from(name), name), purpose: "batch" })).id;
const strangersOf = ({ accounts }: World) => accounts.flatMap(({ strangers }) => strangers);

test("files made over ten keys are read, listed and deleted at the key that made them, also after a restart", async () => {
  const world = startAccounts(10);
  using upstream = world.upstream;
  const count = scale(100, 1_000);
  const app = await startApp({ upstream: upstream.url, keys: world.keys, keepsData: true });
  let client = clientOf(app.base);
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await makeFile(client, `file ${n}`));
  expect(new Set(world.accounts.map(({ items }) => items.size))).toEqual(new Set([count / 10]));
  for (const id of ids.slice(0, count / 2)) expect((await client.files.retrieve(id)).id).toBe(id);

  const again = await app.restart();
  client = clientOf(again.base);
  for (const id of ids.slice(count / 2)) expect((await client.files.retrieve(id)).id).toBe(id);
  const whole = await client.files.list();
  expect(new Set(whole.data.map(({ id }) => id))).toEqual(new Set(ids));
  expect(whole.has_more).toBe(false);
  const paged: string[] = [];
  for await (const file of client.files.list({ limit: 7 })) paged.push(file.id);
  expect(paged).toHaveLength(count);
  expect(new Set(paged)).toEqual(new Set(ids));
  for (const id of ids) expect((await client.files.delete(id)).deleted).toBe(true);

  expect(strangersOf(world)).toEqual([]);
  expect(world.accounts.every(({ items }) => items.size === 0)).toBe(true);
  figure("sticky files over 10 keys: made, read, listed, deleted, calls to a wrong key", `${count}, 0 wrong`);
  await again[Symbol.asyncDispose]();
}, 120_000);

describe("ids in a body", () => {
  test("lead to the key that made them: batches, vector stores, fine-tuning, responses", async () => {
    const world = startAccounts(5);
    using upstream = world.upstream;
    await using app = await startApp({ upstream: upstream.url, keys: world.keys });
    const client = clientOf(app.base);
    for (let n = 0; n < 10; n += 1) {
      const file = await makeFile(client, `file ${n}`);
      const batch = await client.batches.create({
        input_file_id: file,
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
      });
      expect((await client.batches.cancel(batch.id)).id).toBe(batch.id);
      await client.vectorStores.create({ file_ids: [file] });
      const job = await client.fineTuning.jobs.create({ model: "m", training_file: file });
      expect((await client.fineTuning.jobs.retrieve(job.id)).id).toBe(job.id);
      const first = await client.responses.create({ model: "m", input: "hello" });
      const second = await client.responses.create({
        model: "m",
        input: "x",
        previous_response_id: first.id,
      });
      const stream = await client.responses.create({
        model: "m",
        input: "x",
        previous_response_id: second.id,
        stream: true,
      });
      let third = "";
      for await (const part of stream) if (part.type === "response.completed") third = part.response.id;
      await client.responses.retrieve(third);
    }
    expect(strangersOf(world)).toEqual([]);
    const rows = await app.logs();
    expect(rows.every(({ outcome }) => outcome === "ok")).toBe(true);
  });
});

describe("an owner that is not known", () => {
  test("a GET asks the keys in turn, and remembers", async () => {
    const world = startAccounts(4);
    using upstream = world.upstream;
    await using app = await startApp({ upstream: upstream.url, keys: world.keys });
    world.accounts[2]!.items.set("file-old", { id: "file-old", object: "file", created_at: 1 });
    const client = clientOf(app.base);
    expect((await client.files.retrieve("file-old")).id).toBe("file-old");
    const asked = upstream.calls.length;
    expect(asked).toBeLessThanOrEqual(4);
    expect((await client.files.retrieve("file-old")).id).toBe("file-old");
    expect(upstream.calls.length).toBe(asked + 1);
    expect((await app.keys()).every(({ status }) => status === "available")).toBe(true);
  });

  test("what no account has is the upstream's own 404", async () => {
    const world = startAccounts(3);
    using upstream = world.upstream;
    await using app = await startApp({ upstream: upstream.url, keys: world.keys });
    const answer = await fetch(`${app.base}/files/file-none`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("No such object: file-none");
    expect(upstream.calls).toHaveLength(3);
    expect((await app.keys()).every(({ status }) => status === "available")).toBe(true);
  });
});

describe("an owner that is out", () => {
  test("deleted or disabled: 409 that says so; limited: 429 with the true wait; never another account's 404", async () => {
    const world = startAccounts(3);
    using upstream = world.upstream;
    await using app = await startApp({ upstream: upstream.url, keys: world.keys });
    const client = clientOf(app.base);
    const id = await makeFile(client, "a file");
    const owner = world.accounts.findIndex(({ items }) => items.has(id));
    const secret = world.keys[owner] as string;
    const key = (await app.keys()).find(({ name }) => name === secret);
    const read = async () => {
      const answer = await fetch(`${app.base}/files/${id}`);
      const { error } = (await answer.json()) as { error: { code: string } };
      return { status: answer.status, code: error.code, wait: Number(answer.headers.get("retry-after")) };
    };
    upstream.script(secret, rateLimited({ retryAfter: 40 }));
    expect(await read()).toMatchObject({ status: 429, code: "keys_cooling_down", wait: 40 });
    await app.must("PATCH", `/keys/${key?.id}`, { enabled: false });
    expect(await read()).toMatchObject({ status: 409, code: "resource_key_gone" });
    await app.must("DELETE", `/keys/${key?.id}`);
    expect(await read()).toMatchObject({ status: 409, code: "resource_key_gone" });
    expect(strangersOf(world)).toEqual([]);
  });

  test("a list without a limited key's part says that it is missing", async () => {
    const world = startAccounts(3);
    using upstream = world.upstream;
    await using app = await startApp({ upstream: upstream.url, keys: world.keys });
    const client = clientOf(app.base);
    for (let n = 0; n < 6; n += 1) await makeFile(client, `file ${n}`);
    upstream.script(world.keys[1] as string, rateLimited({ retryAfter: 40 }));
    const answer = await fetch(`${app.base}/files`);
    const { data } = (await answer.json()) as { data: unknown[] };
    expect(data).toHaveLength(4);
    expect(answer.headers.get("x-lb-list-missing")).toBe("1");
  });
});
