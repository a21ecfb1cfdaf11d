/** How the proxy treats what a client calls; an unknown path under the base is treated by the last row. */
export interface Endpoint {
  method: string;
  /** Below the base; a final `*` stands for the rest. */
  path: string;
  /** `json`: read for `model` and `stream`. `raw`: read whole and not looked at. */
  body: "json" | "raw" | "none";
  model: "body" | "path" | "none";
  /** It makes something at the provider: never repeated once its bytes may have been read. */
  creates: boolean;
  /** A stream of it is whole only with `[DONE]` or a finish reason; otherwise its regular end suffices. */
  provesItsEnd: boolean;
}

const DEFAULT_ENDPOINT: Endpoint = {
  method: "*",
  path: "/*",
  body: "raw",
  model: "none",
  creates: true,
  provesItsEnd: false,
};

const ask: Omit<Endpoint, "path"> = {
  method: "POST",
  body: "json",
  model: "body",
  creates: false,
  provesItsEnd: true,
};

const read: Omit<Endpoint, "path"> = {
  method: "GET",
  body: "none",
  model: "none",
  creates: false,
  provesItsEnd: false,
};

export const endpoints: Endpoint[] = [
  { ...read, path: "/models" },
  { ...read, path: "/models/*", model: "path" },
  { ...ask, path: "/chat/completions" },
  { ...ask, path: "/completions" },
  { ...ask, path: "/embeddings", provesItsEnd: false },
  { ...read, path: "/*" },
];

const exact = new Map(endpoints.map((row) => [`${row.method} ${row.path}`, row]));
const prefixes = endpoints.filter((row) => row.path.endsWith("*"));

export function findEndpoint(method: string, path: string): Endpoint {
  const row = exact.get(`${method} ${path}`);
  if (row !== undefined) return row;
  for (const prefix of prefixes) {
    if (prefix.method === method && path.startsWith(prefix.path.slice(0, -1))) return prefix;
  }
  return DEFAULT_ENDPOINT;
}
