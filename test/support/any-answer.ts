import { respond, status } from "./answers.ts";
import type { Answer, Call, Script } from "./call.ts";
import { ok } from "./openai-answers.ts";
import { event, sse } from "./openai-streams.ts";

/** What any endpoint of an OpenAI or Anthropic account answers where all goes well; ids are made up, nothing is kept. */
export const anyAnswer: Script = (call) => {
  const path = call.path.replace(/^\/v1/, "");
  const row = ROWS.find(
    ({ method, path: pattern }) => pattern.test(path) && (method ?? call.method) === call.method,
  );
  return row?.answer(call) ?? resource(call);
};

interface Row {
  method?: string;
  path: RegExp;
  answer(call: Call): Script;
}

const BYTES = Uint8Array.from({ length: 4_096 }, (_, at) => (at * 31) % 256);

const ROWS: Row[] = [
  { method: "POST", path: /^\/(?:chat\/)?completions$/, answer: () => ok() },
  { method: "POST", path: /^\/embeddings$/, answer: () => ok() },
  { method: "GET", path: /^\/models(?:\/.+)?$/, answer: () => ok() },
  {
    path: /^\/audio\/speech$|\/content$/,
    answer: () => status(200, BYTES, { "content-type": "application/octet-stream" }),
  },
  { path: /^\/responses$/, answer: (call) => (isStreamed(call) ? responseStream() : status(200, RESPONSE)) },
  {
    path: /^\/images\//,
    answer: (call) => (isStreamed(call) ? imageStream() : status(200, { created: 1, data: [IMAGE] })),
  },
  {
    path: /^\/audio\/trans/,
    answer: (call) => (isStreamed(call) ? transcriptStream() : status(200, { text: "said" })),
  },
  {
    method: "POST",
    path: /^\/messages$/,
    answer: (call) => (isStreamed(call) ? messageStream() : status(200, MESSAGE)),
  },
  { path: /^\/messages\/count_tokens$/, answer: () => status(200, { input_tokens: 3 }) },
  {
    path: /^\/moderations$/,
    answer: () => status(200, { id: "modr-1", model: "m", results: [{ flagged: false }] }),
  },
];

let made = 0;

function resource(call: Call): Answer {
  made += 1;
  const segments = call.path.split("/").filter(Boolean);
  if (call.method === "DELETE")
    return status(200, { id: segments.at(-1), object: "thing.deleted", deleted: true });
  const isList = call.method === "GET" && !/[-_]\d+$/.test(segments.at(-1) ?? "");
  const item = { id: `thing-${made}`, object: "thing", created_at: 1, status: "completed" };
  if (isList)
    return status(200, {
      object: "list",
      data: [item],
      has_more: false,
      first_id: item.id,
      last_id: item.id,
    });
  return status(200, item);
}

/** In JSON and in a form alike. */
function isStreamed(call: Call): boolean {
  return call.json.stream === true || /name="stream"\r\n\r\ntrue\r\n/.test(call.body.text);
}

const USAGE = { input_tokens: 3, output_tokens: 2, total_tokens: 5 };
const PART = { type: "output_text", text: "said", annotations: [] };
const ITEM = { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [PART] };
const RESPONSE = { id: "resp_1", object: "response", status: "completed", output: [ITEM], usage: USAGE };
const IMAGE = { b64_json: "aGVsbG8=" };
const MESSAGE = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude",
  content: [{ type: "text", text: "said" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 2 },
};

/** Events that are named in `event:` lines as well, as all but the chat streams do. */
function named(...events: { type: string; [field: string]: unknown }[]): Answer {
  return sse(events.map((data) => `event: ${data.type}\n${event(data)}`));
}

function responseStream(): Answer {
  const empty = { ...RESPONSE, status: "in_progress", output: [], usage: null };
  return named(
    { type: "response.created", sequence_number: 0, response: empty },
    {
      type: "response.output_item.added",
      sequence_number: 1,
      output_index: 0,
      item: { ...ITEM, content: [] },
    },
    {
      type: "response.content_part.added",
      sequence_number: 2,
      item_id: "msg_1",
      output_index: 0,
      content_index: 0,
      part: { ...PART, text: "" },
    },
    {
      type: "response.output_text.delta",
      sequence_number: 3,
      item_id: "msg_1",
      output_index: 0,
      content_index: 0,
      delta: "said",
    },
    { type: "response.completed", sequence_number: 4, response: RESPONSE },
  );
}

function imageStream(): Answer {
  return named(
    { type: "image_generation.partial_image", partial_image_index: 0, ...IMAGE },
    { type: "image_generation.completed", ...IMAGE, usage: USAGE },
  );
}

function transcriptStream(): Answer {
  return named(
    { type: "transcript.text.delta", delta: "said" },
    { type: "transcript.text.done", text: "said", usage: USAGE },
  );
}

function messageStream(): Answer {
  return named(
    { type: "message_start", message: { ...MESSAGE, content: [], stop_reason: null } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "said" } },
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: 2 },
    },
    { type: "message_stop" },
  );
}

/** The wait is over as soon as it is stated: every call may meet this key. */
export function limitedForAMoment(): Answer {
  return respond({
    status: 429,
    headers: { "content-type": "application/json", "retry-after-ms": "1", "retry-after": "0" },
    pieces: [
      JSON.stringify({
        error: { message: "Rate limit reached", type: "requests", code: "rate_limit_exceeded" },
      }),
    ],
  });
}
