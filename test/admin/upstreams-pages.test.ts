import { expect, test } from "bun:test";
import { presets } from "../../src/upstream/presets.ts";
import { ownPartsOf } from "../../views/upstream-words.ts";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { models } from "../support/openai-answers.ts";
import { openAiError } from "../support/openai-errors.ts";
import { logInTo } from "../support/page-visitor.ts";

/** As people call them; each is a card. */
const PROVIDERS =
  "Google,OpenAI,Azure,Mistral,Groq,OpenRouter,DeepSeek,xAI,Together,Fireworks,Cerebras,NVIDIA,GitHub Models,Hugging Face,Cloudflare,Ollama,vLLM,LM Studio,llama.cpp";

test("every provider that people know is a card, and asks for each part of its address that is one's own", async () => {
  using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.url });
  const { visit } = await logInTo(app.url);
  const { html } = await visit("/upstreams/add");
  for (const name of PROVIDERS.split(",")) expect(html).toContain(`<strong>${name}`);
  for (const preset of presets) {
    const inAddress = preset.baseUrl.match(/[A-Z][A-Z_]{2,}/g) ?? [];
    expect(ownPartsOf(preset).map(([part]) => part)).toEqual(inAddress);
  }
  const form = { preset: "Cloudflare Workers AI", name: "CF", auth_style: "bearer" };
  const wrong = await visit("/upstreams", { ...form, part_ACCOUNT_ID: "a/../b" });
  expect([wrong.status, wrong.text.includes("Give letters, digits")]).toEqual([422, true]);
  const added = await visit("/upstreams", { ...form, part_ACCOUNT_ID: "0a1b2c" });
  expect(added.html).toContain("https://api.cloudflare.com/client/v4/accounts/0a1b2c/ai/v1");
  expect((await visit("/upstreams/add?preset=Groq")).html).toContain("https://api.groq.com/openai/v1");
});

test("an upstream is added, tried, tested, made the default and changed, and goes only when its keys have", async () => {
  using one = startFakeUpstream();
  using two = startFakeUpstream({
    keys: { "key-b-123": models(["m-1", "m-2"]) },
    fallback: openAiError(401, "Incorrect API key provided"),
  });
  await using app = await startApp({ upstream: one.url, keys: ["key-a-123"] });
  const { visit } = await logInTo(app.url);

  const form = { preset: "own", name: "Second", base_url: two.url, auth_style: "bearer" };
  expect((await visit("/upstreams/try", form)).text).toContain("asks for a key");
  const refused = await visit("/upstreams", { ...form, base_url: "ftp://x" });
  expect([refused.status, refused.html.includes('value="ftp://x"')]).toEqual([422, true]);
  const { path, text } = await visit("/upstreams", form);
  expect(text).toContain("Second added. Give it keys next.");
  expect((await visit(`${path}/test`, {})).text).toContain(
    "It answers and wants a key. Add a key, then test again.",
  );

  const id = path.split("/").at(-1)!;
  await app.must("POST", "/keys", { secret: "key-b-123", name: "b", upstream_id: id });
  const tested = await visit(`${path}/test`, {});
  expect(tested.text).toMatch(/Second: Answered in [\d.]+ m?s with b\. It lists 2 models\./);
  const list = await visit("/upstreams");
  expect(list.text).toContain("2 upstreams. None has trouble with its host.");
  await app.must("POST", "/keys", { secret: "key-wrong-1", name: "wrong", upstream_id: id });

  expect((await visit(`${path}/default`, {})).text).toContain("Second is the default upstream");
  expect((await visit(`${path}/delete`)).text).toContain("can't be deleted");
  expect((await visit(`${path}/delete`, {})).status).toBe(409);
  const first = (await app.must("GET", "/upstreams")) as { data: { id: string; name: string }[] };
  const other = first.data.find((upstream) => upstream.id !== id)!;
  await visit(`/upstreams/${other.id}/default`, {});

  const { text: edit } = await visit(`${path}/edit`);
  expect(edit).toContain("A changed base URL clears the status of its keys");
  const saved = await visit(path, { name: "Second", base_url: `${two.url}/`, auth_style: "x-api-key" });
  expect(saved.text).toContain("Second saved.");

  expect((await visit(`${path}/delete`)).text).toContain("2 keys belong to it");
  expect((await visit(`${path}/delete`, {})).status).toBe(409);
  const gone = await visit(`${path}/delete`, { keys: "move", to: other.id });
  expect(gone.text).toContain("Second deleted. 2 keys moved.");
  expect((await app.keys()).length).toBe(3);
  expect((await visit(path)).status).toBe(404);
});

test("keys whose secret is at the other upstream already stay, and are deleted with theirs when that is asked for", async () => {
  using one = startFakeUpstream();
  await using app = await startApp({ upstream: one.url, keys: ["key-a-123"] });
  const { id } = (await app.must("POST", "/upstreams", { name: "Twin", base_url: `${one.url}` })) as {
    id: string;
  };
  await app.must("POST", "/keys", { secret: "key-a-123", name: "same", upstream_id: id });
  const { visit } = await logInTo(app.url);
  const all = (await app.must("GET", "/upstreams")) as { data: { id: string }[] };
  const other = all.data.find((upstream) => upstream.id !== id)!;
  const left = await visit(`/upstreams/${id}/delete`, { keys: "move", to: other.id });
  expect(left.text).toContain("1 key of it can't move");
  const gone = await visit(`/upstreams/${id}/delete`, { keys: "delete" });
  expect(gone.text).toContain("Twin deleted. 1 key deleted with it.");
  expect((await app.keys()).map(({ name }) => name)).toEqual(["key-a-123"]);
});
