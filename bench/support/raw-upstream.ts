/**
 * The upstream of the proxy scene: answers each POST with the same 600 bytes of chat JSON, for as little CPU as this
 * runtime allows, because it shares a core with the load. `bun bench/support/raw-upstream.ts` prints its address.
 */
const CONTENT = "x".repeat(320);
const BODY = JSON.stringify({
  id: "chatcmpl-bench",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "gpt-4o-mini",
  choices: [
    { index: 0, message: { role: "assistant", content: CONTENT }, logprobs: null, finish_reason: "stop" },
  ],
  usage: { prompt_tokens: 140, completion_tokens: 80, total_tokens: 220 },
  system_fingerprint: "fp_bench",
});
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
);
const HEAD_END = Buffer.from("\r\n\r\n");

/** Bytes of one request that have come so far. */
interface Connection {
  held: Buffer;
}

const server = Bun.listen<Connection>({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open: (socket) => {
      socket.data = { held: Buffer.alloc(0) };
    },
    data: (socket, data) => {
      const { held } = socket.data;
      const bytes = held.length === 0 ? data : Buffer.concat([held, data]);
      const length = requestLength(bytes);
      if (length === null || bytes.length < length) {
        socket.data.held = bytes;
        return;
      }
      socket.data.held = bytes.subarray(length);
      socket.write(ANSWER);
    },
    error: () => {},
  },
});
console.log(`http://127.0.0.1:${server.port}`);

/** Head and body; null where the head has not come yet. */
function requestLength(bytes: Buffer): number | null {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString("latin1", 0, end));
  if (length === null) throw new Error("a request without content-length");
  return end + HEAD_END.length + Number(length[1]);
}
