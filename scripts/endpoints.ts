import { type Endpoint, endpoints } from "../src/proxy/endpoints.ts";

const HEAD = `# Endpoints

Made from the table that the proxy itself goes by (\`src/proxy/endpoints.ts\`): \`bun --no-env-file scripts/endpoints.ts\`.
All paths are below the base URL, \`/v1\`, \`/api/v1\` or \`/pools/NAME/v1\`. A path that is in no row is treated by the
last two.

- **forwarded**: what may be sent, and how: JSON is read once and sent on as the same bytes; an upload (multipart or raw)
  is sent on as it comes, up to \`max_upload_bytes\`.
- **streamed**: what proves that an event stream was whole; without it the client gets an error event.
- **failover**: \`any failure\`: another key is tried until the first byte has gone to the client. \`refusals only\`: it
  makes something at the provider, so it is repeated only where the provider has surely not done it: after an error
  answer or a failed connection, never after a reset or a timeout. An upload is repeated only while no more than
  its first 8 MiB were sent.
- **sticky**: \`by id\`: goes to the key that made what the path names. \`remembered\`: the ids of its answer belong to the
  key that made them. \`merged\`: one list of all keys' parts. Ids in a JSON body lead to their key everywhere:
  \`input_file_id\`, \`file_id\`, \`file_ids\`, \`training_file\`, \`validation_file\`, \`vector_store_ids\`,
  \`previous_response_id\`, \`conversation\`.
- **usage**: whether its tokens are counted.

`;
const COLUMNS = ["method", "path", "forwarded", "streamed", "failover", "sticky", "usage"];

const BODIES = { json: "JSON", upload: "JSON or upload", none: "no body" };
const ENDS: Record<Endpoint["protocol"], string> = {
  chat: "`[DONE]` or a finish reason",
  threads: "`[DONE]`",
  responses: "`response.completed`, `.failed`, `.incomplete`",
  anthropic: "`message_stop`",
  images: "`image_….completed` or `[DONE]`",
  audio: "`….done` or `[DONE]`",
  none: "regular end",
};
const STICKY = { make: "remembered", one: "by id", list: "merged", none: "–" };
const STORES = {
  if_asked: "remembered with `store: true`",
  unless_refused: "remembered unless `store: false`",
};

/** The whole text of docs/endpoints.md. */
export function endpointsPage(): string {
  return HEAD + tableOf([COLUMNS, ...endpoints.map(cellsOf)]);
}

/** Its columns as wide as their longest cell, as the formatter has them. */
function tableOf(rows: string[][]): string {
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  const [head = [], ...others] = rows;
  return line(head) + line(widths.map((width) => "-".repeat(width))) + others.map(line).join("");
}

function cellsOf(row: Endpoint): string[] {
  const path = row.path.replace("*", "…");
  const isSocket = row.answer.includes("websocket");
  return [
    row.method === "*" ? "any other" : row.method,
    `\`${path}\``,
    isSocket ? "WebSocket" : BODIES[row.body],
    row.answer.includes("events") ? ENDS[row.protocol] : "–",
    row.creates ? "refusals only" : "any failure",
    row.stores === undefined ? STICKY[row.owned] : STORES[row.stores],
    row.usage ? "yes" : "–",
  ];
}

if (import.meta.main) await Bun.write(new URL("../docs/endpoints.md", import.meta.url), endpointsPage());
