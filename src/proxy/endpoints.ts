import type { Protocol } from "./protocols.ts";

/** How the proxy treats what a client calls; an unknown path under the base is treated by the last row. */
export interface Endpoint {
  /** `*`: any. HEAD is treated as GET. */
  method: string;
  /** Below the base. `{id}` stands for one segment, a final `*` for one or more. */
  path: string;
  /**
   * `json`: read whole for what routing needs. `upload`: sent on as it comes, unless its content type is JSON, which is
   * read as well. `none`: not read.
   */
  body: "json" | "upload" | "none";
  /** Where the model's name stands; with `body` the body must be a JSON object. */
  model: "body" | "form" | "path" | "none";
  /** What a healthy answer may be. */
  answer: readonly ("json" | "events" | "binary" | "websocket")[];
  /** It makes something at the provider: never repeated once its bytes may have been read. */
  creates: boolean;
  /** By which rules a stream of it is whole. */
  protocol: Protocol;
  /** It may tell its usage. */
  usage: boolean;
  /**
   * What exists only in the account that made it. `make`: the answer's ids belong to the key that gave it. `one`: the
   * first `{id}` of the path names it. `list`: each account has a part. `none`: any key will do.
   */
  owned: "make" | "one" | "list" | "none";
  /** A stream of it tells its usage only where that is asked for: it is asked for where the client does not. */
  usageOnRequest?: true;
  /** Where the field `store` decides whether it leaves something: only with true, or unless it is false. */
  stores?: "if_asked" | "unless_refused";
}

type Row = Partial<Endpoint> & { path: string };

/** Asks a model; may be repeated, since it leaves nothing behind. */
const ask = (row: Row): Endpoint => ({
  method: "POST",
  body: "json",
  model: "body",
  answer: ["json"],
  creates: false,
  protocol: "none",
  usage: true,
  owned: "none",
  ...row,
});
const read = (row: Row): Endpoint => ({
  ...ask(row),
  method: "GET",
  body: "none",
  model: "none",
  usage: false,
  ...row,
});
/** Changes something at the provider. */
const change = (row: Row): Endpoint => ({
  ...ask(row),
  model: "none",
  creates: true,
  usage: false,
  ...row,
});
const list = (path: string) => read({ path, owned: "list" });
const make = (row: Row) => change({ owned: "make", ...row });
/** All that may be done with one resource, whatever the method. */
const one = (path: string, row: Partial<Endpoint> = {}): Endpoint[] => [
  read({ path, owned: "one", ...row }),
  change({ path, method: "*", body: "upload", owned: "one", ...row }),
];

const STREAMED = ["json", "events"] as const;

export const endpoints: readonly Endpoint[] = [
  read({ path: "/models" }),
  read({ path: "/models/*", model: "path" }),

  ask({
    path: "/chat/completions",
    answer: STREAMED,
    protocol: "chat",
    owned: "make",
    stores: "if_asked",
    usageOnRequest: true,
  }),
  list("/chat/completions"),
  ...one("/chat/completions/{id}"),
  ...one("/chat/completions/{id}/*"),
  ask({ path: "/completions", answer: STREAMED, protocol: "chat" }),
  ask({ path: "/embeddings" }),
  ask({ path: "/moderations", model: "body" }),

  ask({
    path: "/responses",
    answer: STREAMED,
    protocol: "responses",
    owned: "make",
    stores: "unless_refused",
  }),
  ask({ path: "/responses/input_tokens" }),
  ask({ path: "/responses/compact" }),
  ...one("/responses/{id}", { answer: STREAMED, protocol: "responses" }),
  ...one("/responses/{id}/*"),
  make({ path: "/conversations" }),
  ...one("/conversations/{id}"),
  ...one("/conversations/{id}/*"),

  ask({ path: "/messages", answer: STREAMED, protocol: "anthropic" }),
  ask({ path: "/messages/count_tokens", protocol: "anthropic", usage: false }),
  make({ path: "/messages/batches", protocol: "anthropic" }),
  { ...list("/messages/batches"), protocol: "anthropic" },
  ...one("/messages/batches/{id}", { protocol: "anthropic" }),
  ...one("/messages/batches/{id}/*", { protocol: "anthropic", answer: ["json", "binary"] }),

  ask({ path: "/images/generations", answer: STREAMED, protocol: "images" }),
  ask({ path: "/images/edits", body: "upload", model: "form", answer: STREAMED, protocol: "images" }),
  ask({ path: "/images/variations", body: "upload", model: "form" }),
  ask({ path: "/audio/speech", answer: ["binary", "events"], protocol: "audio", usage: false }),
  ask({
    path: "/audio/transcriptions",
    body: "upload",
    model: "form",
    answer: STREAMED,
    protocol: "audio",
  }),
  ask({ path: "/audio/translations", body: "upload", model: "form" }),

  make({ path: "/files", body: "upload" }),
  list("/files"),
  ...one("/files/{id}"),
  ...one("/files/{id}/*", { answer: ["binary"] }),
  make({ path: "/uploads" }),
  ...one("/uploads/{id}"),
  ...one("/uploads/{id}/*"),
  make({ path: "/batches" }),
  list("/batches"),
  ...one("/batches/{id}"),
  ...one("/batches/{id}/*"),
  make({ path: "/fine_tuning/jobs" }),
  list("/fine_tuning/jobs"),
  ...one("/fine_tuning/jobs/{id}"),
  ...one("/fine_tuning/jobs/{id}/*"),
  make({ path: "/vector_stores" }),
  list("/vector_stores"),
  ...one("/vector_stores/{id}"),
  ...one("/vector_stores/{id}/*"),
  make({ path: "/assistants" }),
  list("/assistants"),
  ...one("/assistants/{id}"),
  make({ path: "/threads" }),
  make({ path: "/threads/runs", answer: STREAMED, protocol: "threads", usage: true }),
  ...one("/threads/{id}"),
  ...one("/threads/{id}/*", { answer: STREAMED, protocol: "threads" }),
  make({ path: "/containers" }),
  list("/containers"),
  ...one("/containers/{id}"),
  ...one("/containers/{id}/*", { answer: ["json", "binary"] }),
  make({ path: "/videos", body: "upload", model: "form" }),
  list("/videos"),
  ...one("/videos/{id}"),
  ...one("/videos/{id}/*", { answer: ["json", "binary"] }),
  make({ path: "/evals" }),
  list("/evals"),
  ...one("/evals/{id}"),
  ...one("/evals/{id}/*"),

  read({ path: "/realtime", answer: ["websocket"] }),
  change({ path: "/realtime/*", body: "upload" }),

  read({ path: "/*", answer: ["json", "binary"] }),
  change({ path: "/*", method: "*", body: "upload", answer: ["json", "events", "binary"] }),
];

const DEFAULT_ENDPOINT = endpoints.at(-1) as Endpoint;

interface Pattern {
  row: Endpoint;
  matcher: RegExp;
}

const exact = new Map<string, Endpoint>();
/** Those with a variable part, by the first segment of their path; in the table's order. */
const patterns = new Map<string, Pattern[]>();
for (const row of endpoints) {
  if (!/[{*]/.test(row.path)) {
    exact.set(`${row.method} ${row.path}`, row);
    continue;
  }
  const first = row.path.split("/", 2)[1] as string;
  const source = row.path.replace("{id}", "([^/]+)").replace(/\*$/, ".+");
  patterns.set(first, [...(patterns.get(first) ?? []), { row, matcher: new RegExp(`^${source}$`) }]);
}
const anywhere = patterns.get("*") ?? [];

export function findEndpoint(method: string, path: string): Endpoint {
  const asked = method === "HEAD" ? "GET" : method;
  const row = exact.get(`${asked} ${path}`);
  if (row !== undefined) return row;
  const second = path.indexOf("/", 1);
  const first = path.slice(1, second < 0 ? undefined : second);
  return (
    patternOf(patterns.get(first) ?? [], asked, path) ?? patternOf(anywhere, asked, path) ?? DEFAULT_ENDPOINT
  );
}

function patternOf(candidates: readonly Pattern[], method: string, path: string): Endpoint | undefined {
  return candidates.find(
    ({ row, matcher }) => (row.method === "*" || row.method === method) && matcher.test(path),
  )?.row;
}

/** The id that the path names, as it stands there; null where it names none. */
export function idInPath(endpoint: Endpoint, path: string): string | null {
  if (endpoint.owned !== "one") return null;
  const at = endpoint.path.indexOf("{id}");
  const end = path.indexOf("/", at);
  return path.slice(at, end < 0 ? undefined : end);
}
