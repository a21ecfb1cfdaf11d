import type { LogOperations } from "../../operations/types.ts";
import type { RequestRecord } from "../../types.ts";
import { eventStream } from "../event-stream.ts";
import { requestJson } from "../present.ts";
import { ApiError } from "./errors.ts";

/**
 * Requests as they end, as server-sent events: `request` with a row of the log, `dropped` with `{count}` where a slow
 * reader was spared some.
 * @throws ApiError 503 where too many watch already.
 */
export function liveLog(
  logs: Pick<LogOperations, "listen">,
  matches: (request: RequestRecord) => boolean,
): Response {
  let dropped = 0;
  return eventStream(({ hasRoom, send }) => {
    const stop = logs.listen((request) => {
      if (!matches(request)) return;
      if (!hasRoom()) {
        dropped += 1;
        return;
      }
      if (dropped > 0) send("dropped", JSON.stringify({ count: dropped }));
      dropped = 0;
      send("request", JSON.stringify(requestJson(request)));
    });
    if (stop === null)
      throw new ApiError(503, "overloaded", "Too many watch the log already.", { "retry-after": "10" });
    return stop;
  });
}
