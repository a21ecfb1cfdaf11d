/**
 * The upstream of the scenes: answers each POST with the same 600 bytes of chat JSON, or with a stream of 20 events one
 * after the other, for as little CPU as this runtime allows, because it shares a core with the load.
 * `bun bench/support/raw-upstream.ts` prints its address.
 */
import type { Socket } from "bun";

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
const EVENTS = 20;
const STREAM_HEAD = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
);
const EVENT = chunkOf({ delta: { content: "a few words " } });
const LAST_EVENT = chunkOf({ delta: {}, finish_reason: "stop" }, "data: [DONE]\n\n");
const STREAM_END = Buffer.from("0\r\n\r\n");
const STREAM_ASKED = Buffer.from('"stream":true');
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
      if (bytes.subarray(0, length).includes(STREAM_ASKED)) stream(socket);
      else socket.write(ANSWER);
    },
    error: () => {},
  },
});
console.log(`http://127.0.0.1:${server.port}`);

function chunkOf(choice: object, end = ""): Buffer {
  const event = {
    id: "chatcmpl-bench",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: "gpt-4o-mini",
    choices: [{ index: 0, finish_reason: null, ...choice }],
  };
  const text = `data: ${JSON.stringify(event)}\n\n${end}`;
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
}

/** An event in each turn of the event loop, so that each is sent by itself. */
function stream(socket: Socket<Connection>): void {
  socket.write(STREAM_HEAD);
  let sent = 0;
  const send = () => {
    sent += 1;
    if (sent < EVENTS) {
      socket.write(EVENT);
      setImmediate(send);
    } else socket.write(Buffer.concat([LAST_EVENT, STREAM_END]));
  };
  send();
}

/** Head and body; null where the head has not come yet. */
function requestLength(bytes: Buffer): number | null {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString("latin1", 0, end));
  if (length === null) throw new Error("a request without content-length");
  return end + HEAD_END.length + Number(length[1]);
}
