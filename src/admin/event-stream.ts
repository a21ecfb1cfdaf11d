/** Keeps proxies on the way from ending a quiet stream. */
export const HEARTBEAT_MS = 15_000;
/** Then the reader comes again, and whether it still may is asked anew. */
const LONGEST_MS = 600_000;
/** Events that a slow reader may leave waiting. */
const MAX_WAITING = 200;

export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-accel-buffering": "no",
};

export interface EventSink {
  /** False while the reader is too slow: what is sent then would wait in memory. */
  hasRoom(): boolean;
  send(name: string, data: string): void;
}

/**
 * Named server-sent events for as long as somebody reads, ten minutes at most.
 * @param begin Answers what is to be done at the end. What it throws, this throws.
 */
export function eventStream(begin: (sink: EventSink) => () => void): Response {
  let stop = () => {};
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const write = (text: string) => controller.enqueue(encoder.encode(text));
        const hasRoom = () => (controller.desiredSize ?? 0) > 0;
        const ended = begin({ hasRoom, send: (name, data) => write(`event: ${name}\ndata: ${data}\n\n`) });
        const heartbeat = setInterval(() => hasRoom() && write(": still there\n\n"), HEARTBEAT_MS);
        const last = setTimeout(() => {
          stop();
          controller.close();
        }, LONGEST_MS);
        stop = () => {
          ended();
          clearInterval(heartbeat);
          clearTimeout(last);
        };
        write(": watching\n\n");
      },
      cancel: () => stop(),
    },
    new CountQueuingStrategy({ highWaterMark: MAX_WAITING }),
  );
  return new Response(body, { headers: EVENT_STREAM_HEADERS });
}
