import { status } from "./answers.ts";
import type { Answer, Call, Script } from "./call.ts";
import { openAiError } from "./openai-errors.ts";
import { event, sse } from "./openai-streams.ts";

interface Item {
  id: string;
  object: string;
  created_at: number;
  [name: string]: unknown;
}

/** Which path makes what, and the fields by which a request names something of the same account. */
const KINDS: Record<string, { object: string; prefix: string; names: string[] }> = {
  files: { object: "file", prefix: "file", names: [] },
  batches: { object: "batch", prefix: "batch", names: ["input_file_id"] },
  vector_stores: { object: "vector_store", prefix: "vs", names: ["file_ids"] },
  "fine_tuning/jobs": {
    object: "fine_tuning.job",
    prefix: "ftjob",
    names: ["training_file", "validation_file"],
  },
  responses: { object: "response", prefix: "resp", names: ["previous_response_id"] },
};

let made = 0;

/** A provider account that has only what was made in it: files, batches, vector stores, jobs, responses. */
export class Account {
  readonly items = new Map<string, Item>();
  /** Ids that were asked for and are not here. */
  readonly strangers: string[] = [];

  readonly script: Script = (call) => {
    const path = call.path.replace(/^\/v1\//, "");
    const kind = Object.keys(KINDS).find((name) => path === name || path.startsWith(`${name}/`));
    if (kind === undefined) return openAiError(404, `Invalid URL (${call.method} ${call.path})`);
    const id = path.slice(kind.length + 1).split("/")[0] ?? "";
    if (id !== "") return this.#one(call, id);
    return call.method === "POST" ? this.#make(call, kind) : this.#list(call, kind);
  };

  #make(call: Call, kind: string): Answer {
    const { object, prefix, names } = KINDS[kind]!;
    const foreign = names.flatMap((name) => call.json[name] ?? []).find((id) => !this.items.has(String(id)));
    if (foreign !== undefined) {
      this.strangers.push(String(foreign));
      return openAiError(404, `No such object: ${foreign}`);
    }
    made += 1;
    const item: Item = { id: `${prefix}-${made}`, object, created_at: made, status: "completed", output: [] };
    this.items.set(item.id, item);
    if (call.json.stream !== true) return status(200, item);
    return sse([
      event({ type: "response.created", sequence_number: 0, response: item }),
      event({ type: "response.completed", sequence_number: 1, response: { ...item, usage: USAGE } }),
    ]);
  }

  #one(call: Call, id: string): Answer {
    const item = this.items.get(id);
    if (item === undefined) {
      this.strangers.push(id);
      return openAiError(404, `No such object: ${id}`);
    }
    if (call.method !== "DELETE") return status(200, item);
    this.items.delete(id);
    return status(200, { id, object: `${item.object}.deleted`, deleted: true });
  }

  #list(call: Call, kind: string): Answer {
    const query = new URL(call.target, "http://x").searchParams;
    const all = [...this.items.values()].filter(({ object }) => object === KINDS[kind]?.object).reverse();
    const after = query.get("after");
    const from = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
    if (after !== null && from === 0) this.strangers.push(after);
    const limit = Number(query.get("limit") ?? 20);
    const data = all.slice(from, from + limit);
    return status(200, { object: "list", data, has_more: from + limit < all.length });
  }
}

const USAGE = { input_tokens: 7, output_tokens: 9, total_tokens: 16 };
