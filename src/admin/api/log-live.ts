import type { LogOperations } from "../../operations/types.ts";
import type { RequestRecord } from "../../types.ts";
import { requestJson } from "../present.ts";
import { ApiError } from "./errors.ts";

/** Keeps proxies on the way from ending a quiet stream. */
const HEARTBEAT_MS = 15_000;
/** Then the watcher comes again, and whether it still may is asked anew. */
const LONGEST_MS = 600_000;
/** Events that a slow reader may leave waiting; further ones are left out, and it is told how many. */
const MAX_WAITING = 200;

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-accel-buffering": "no",
};

/**
 * Requests as they end, as server-sent events: `request` with a row of the log, `dropped` with `{count}`.
 * @throws ApiError 503 where too many watch already.
 */
export function liveLog(
  logs: Pick<LogOperations, "listen">,
  matches: (request: RequestRecord) => boolean,
): Response {
  let dropped = 0;
  let stop = () => {};
  let end = () => {};
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (text: string) => controller.enqueue(encoder.encode(text));
        const hasRoom = () => (controller.desiredSize ?? 0) > 0;
        const tellDropped = () => {
          if (dropped === 0) return;
          send(event("dropped", { count: dropped }));
          dropped = 0;
        };
        const stopListening = logs.listen((request) => {
          if (!matches(request)) return;
          if (!hasRoom()) {
            dropped += 1;
            return;
          }
          tellDropped();
          send(event("request", requestJson(request)));
        });
        if (stopListening === null) {
          throw new ApiError(503, "overloaded", "Too many watch the log already.", { "retry-after": "10" });
        }
        const heartbeat = setInterval(() => {
          if (hasRoom()) send(": still there\n\n");
        }, HEARTBEAT_MS);
        const last = setTimeout(() => end(), LONGEST_MS);
        stop = () => {
          stopListening();
          clearInterval(heartbeat);
          clearTimeout(last);
        };
        end = () => {
          stop();
          controller.close();
        };
        send(": watching\n\n");
      },
      cancel: () => stop(),
    },
    new CountQueuingStrategy({ highWaterMark: MAX_WAITING }),
  );
  return new Response(body, { headers: HEADERS });
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
