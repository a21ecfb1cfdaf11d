import Anthropic from "@anthropic-ai/sdk";
import OpenAI, { toFile } from "openai";

export interface SdkCall<Client> {
  /** What the upstream must be asked, below the base URL. */
  asks: string;
  call(client: Client): Promise<unknown>;
}

const row = <Client>(asks: string, call: SdkCall<Client>["call"]): SdkCall<Client> => ({ asks, call });
const openai = (asks: string, call: SdkCall<OpenAI>["call"]) => row<OpenAI>(asks, call);
const anthropic = (asks: string, call: SdkCall<Anthropic>["call"]) => row<Anthropic>(asks, call);

const model = "gpt-4o";
const messages = [{ role: "user" as const, content: "hello" }];
const file = () => toFile(Buffer.alloc(10_000, "abc"), "a.txt");
const sound = () => toFile(Buffer.alloc(10_000, 1), "a.wav");
const picture = () => toFile(Buffer.alloc(10_000, 2), "a.png", { type: "image/png" });

async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const one of stream) events.push(one);
  if (events.length === 0) throw new Error("the stream was empty");
  return events;
}

/** One call or more of each family of resources that the official SDK has for API keys. */
export const openaiCalls: SdkCall<OpenAI>[] = [
  openai("POST /chat/completions", (c) => c.chat.completions.create({ model, messages })),
  openai("POST /chat/completions", async (c) =>
    all(await c.chat.completions.create({ model, messages, stream: true })),
  ),
  openai("POST /chat/completions", (c) =>
    c.chat.completions.stream({ model, messages }).finalChatCompletion(),
  ),
  openai("GET /chat/completions", (c) => c.chat.completions.list()),
  openai("GET /chat/completions/cmpl-1", (c) => c.chat.completions.retrieve("cmpl-1")),
  openai("POST /completions", (c) => c.completions.create({ model, prompt: "hello" })),
  openai("POST /completions", async (c) =>
    all(await c.completions.create({ model, prompt: "hello", stream: true })),
  ),
  openai("POST /embeddings", (c) => c.embeddings.create({ model, input: "hello" })),
  openai("POST /moderations", (c) => c.moderations.create({ input: "hello" })),
  openai("GET /models", (c) => c.models.list()),
  openai("GET /models/gpt-4o", (c) => c.models.retrieve(model)),
  openai("DELETE /models/ft-1", (c) => c.models.delete("ft-1")),
  openai("POST /responses", (c) => c.responses.create({ model, input: "hello" })),
  openai("POST /responses", async (c) =>
    all(await c.responses.create({ model, input: "hello", stream: true })),
  ),
  openai("POST /responses", (c) => c.responses.stream({ model, input: "hello" }).finalResponse()),
  openai("GET /responses/resp-1", (c) => c.responses.retrieve("resp-1")),
  openai("GET /responses/resp-1/input_items", (c) => c.responses.inputItems.list("resp-1")),
  openai("POST /responses/input_tokens", (c) => c.responses.inputTokens.count({ model, input: "hello" })),
  openai("POST /responses/resp-1/cancel", (c) => c.responses.cancel("resp-1")),
  openai("DELETE /responses/resp-1", (c) => c.responses.delete("resp-1")),
  openai("POST /conversations", (c) => c.conversations.create({})),
  openai("GET /conversations/conv-1", (c) => c.conversations.retrieve("conv-1")),
  openai("GET /conversations/conv-1/items", (c) => c.conversations.items.list("conv-1")),
  openai("POST /images/generations", (c) => c.images.generate({ model, prompt: "a cat" })),
  openai("POST /images/generations", async (c) =>
    all(await c.images.generate({ model, prompt: "a cat", stream: true })),
  ),
  openai("POST /images/edits", async (c) =>
    c.images.edit({ model, image: await picture(), prompt: "a cat" }),
  ),
  openai("POST /images/variations", async (c) => c.images.createVariation({ image: await picture() })),
  openai("POST /audio/speech", async (c) => {
    const answer = await c.audio.speech.create({ model, voice: "alloy", input: "hello" });
    const { byteLength } = await answer.arrayBuffer();
    if (byteLength !== 4_096) throw new Error(`${byteLength} bytes`);
  }),
  openai("POST /audio/transcriptions", async (c) =>
    c.audio.transcriptions.create({ model, file: await sound() }),
  ),
  openai("POST /audio/transcriptions", async (c) =>
    all(await c.audio.transcriptions.create({ model, file: await sound(), stream: true })),
  ),
  openai("POST /audio/translations", async (c) =>
    c.audio.translations.create({ model, file: await sound() }),
  ),
  openai("POST /files", async (c) => c.files.create({ file: await file(), purpose: "batch" })),
  openai("GET /files", (c) => c.files.list()),
  openai("GET /files/file-1", (c) => c.files.retrieve("file-1")),
  openai("GET /files/file-1/content", async (c) => (await c.files.content("file-1")).arrayBuffer()),
  openai("DELETE /files/file-1", (c) => c.files.delete("file-1")),
  openai("POST /uploads", (c) =>
    c.uploads.create({ filename: "a", bytes: 1, mime_type: "text/plain", purpose: "batch" }),
  ),
  openai("POST /uploads/upload-1/parts", async (c) =>
    c.uploads.parts.create("upload-1", { data: await file() }),
  ),
  openai("POST /uploads/upload-1/complete", (c) => c.uploads.complete("upload-1", { part_ids: ["part-1"] })),
  openai("POST /batches", (c) =>
    c.batches.create({ completion_window: "24h", endpoint: "/v1/chat/completions", input_file_id: "file-1" }),
  ),
  openai("GET /batches", (c) => c.batches.list()),
  openai("GET /batches/batch-1", (c) => c.batches.retrieve("batch-1")),
  openai("POST /batches/batch-1/cancel", (c) => c.batches.cancel("batch-1")),
  openai("POST /fine_tuning/jobs", (c) => c.fineTuning.jobs.create({ model, training_file: "file-1" })),
  openai("GET /fine_tuning/jobs", (c) => c.fineTuning.jobs.list()),
  openai("GET /fine_tuning/jobs/ftjob-1", (c) => c.fineTuning.jobs.retrieve("ftjob-1")),
  openai("GET /fine_tuning/jobs/ftjob-1/events", (c) => c.fineTuning.jobs.listEvents("ftjob-1")),
  openai("GET /fine_tuning/jobs/ftjob-1/checkpoints", (c) => c.fineTuning.jobs.checkpoints.list("ftjob-1")),
  openai("POST /vector_stores", (c) => c.vectorStores.create({ name: "store" })),
  openai("GET /vector_stores", (c) => c.vectorStores.list()),
  openai("GET /vector_stores/vs-1", (c) => c.vectorStores.retrieve("vs-1")),
  openai("POST /vector_stores/vs-1/search", (c) => c.vectorStores.search("vs-1", { query: "hello" })),
  openai("POST /vector_stores/vs-1/files", (c) => c.vectorStores.files.create("vs-1", { file_id: "file-1" })),
  openai("GET /vector_stores/vs-1/file_batches/vsfb-1", (c) =>
    c.vectorStores.fileBatches.retrieve("vsfb-1", { vector_store_id: "vs-1" }),
  ),
  openai("POST /evals", (c) =>
    c.evals.create({
      data_source_config: { type: "custom", item_schema: {} },
      testing_criteria: [],
    }),
  ),
  openai("GET /evals", (c) => c.evals.list()),
  openai("GET /evals/eval-1/runs", (c) => c.evals.runs.list("eval-1")),
  openai("POST /containers", (c) => c.containers.create({ name: "box" })),
  openai("GET /containers", (c) => c.containers.list()),
  openai("GET /containers/cntr-1/files", (c) => c.containers.files.list("cntr-1")),
  openai("GET /skills", (c) => c.skills.list()),
  openai("POST /videos", (c) => c.videos.create({ prompt: "a cat" })),
  openai("GET /videos/video-1", (c) => c.videos.retrieve("video-1")),
  openai("POST /realtime/client_secrets", (c) => c.realtime.clientSecrets.create({})),
  openai("POST /assistants", (c) => c.beta.assistants.create({ model })),
  openai("GET /assistants", (c) => c.beta.assistants.list()),
  openai("POST /threads", (c) => c.beta.threads.create({})),
  openai("POST /threads/thread-1/messages", (c) =>
    c.beta.threads.messages.create("thread-1", { role: "user", content: "hello" }),
  ),
  openai("POST /threads/thread-1/runs", (c) =>
    c.beta.threads.runs.create("thread-1", { assistant_id: "asst-1" }),
  ),
];

export const anthropicCalls: SdkCall<Anthropic>[] = [
  anthropic("POST /messages", (c) => c.messages.create({ model, messages, max_tokens: 9 })),
  anthropic("POST /messages", async (c) =>
    all(await c.messages.create({ model, messages, max_tokens: 9, stream: true })),
  ),
  anthropic("POST /messages", (c) => c.messages.stream({ model, messages, max_tokens: 9 }).finalMessage()),
  anthropic("POST /messages/count_tokens", (c) => c.messages.countTokens({ model, messages })),
  anthropic("POST /messages/batches", (c) =>
    c.messages.batches.create({ requests: [{ custom_id: "1", params: { model, messages, max_tokens: 9 } }] }),
  ),
  anthropic("GET /messages/batches", (c) => c.messages.batches.list()),
  anthropic("GET /messages/batches/msgbatch-1", (c) => c.messages.batches.retrieve("msgbatch-1")),
  anthropic("GET /models", (c) => c.models.list()),
];

export function sdkClients(url: string): { openai: OpenAI; anthropic: Anthropic } {
  return {
    openai: new OpenAI({ apiKey: "the-clients-own", baseURL: `${url}/v1`, maxRetries: 0, timeout: 20_000 }),
    anthropic: new Anthropic({ apiKey: "the-clients-own", baseURL: url, maxRetries: 0, timeout: 20_000 }),
  };
}
