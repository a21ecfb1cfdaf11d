import type { RequestRecord } from "../types.ts";
import { createMatch } from "./api/log-filters.ts";
import { eventStream } from "./event-stream.ts";
import { logFilterOf, readLogQuery } from "./log-query.ts";
import type { PageContext } from "./page-context.ts";
import { htmlResponse } from "./render.tsx";

/** So long after a request's end it stands in the log: a batch is written every 250 ms. */
const WRITTEN_AFTER_MS = 400;
/** Where requests come all the time, the page looks no oftener than a person can follow. */
const LEAST_APART_MS = 1_000;
/** Now and then without any reason, for what took longer to be written and for the figures of the day. */
const ANYWAY_EVERY_MS = 5_000;

/** What the open Logs page listens to: told that a request came which it would show, it looks again. */
export function followLogs({ deps, request, url }: PageContext): Response {
  const matches = createMatch(logFilterOf(readLogQuery(url.searchParams)));
  let ended: ((request: RequestRecord) => void) | undefined;
  const stop = deps.operations.logs.listen((record) => ended?.(record));
  // Too many listen already: the page goes on asking every 2 s.
  if (stop === null) return htmlResponse("", 204);
  deps.keepOpen(request);
  return eventStream(({ hasRoom, send }) => {
    let soon: Timer | null = null;
    let toldAt = -LEAST_APART_MS;
    const lookAgain = () => {
      soon = null;
      toldAt = deps.clock.monotonic();
      if (hasRoom()) send("refresh-live", "");
    };
    ended = (record) => {
      if (!matches(record) || soon !== null) return;
      const restMs = toldAt + LEAST_APART_MS - deps.clock.monotonic();
      soon = setTimeout(lookAgain, Math.max(WRITTEN_AFTER_MS, restMs));
    };
    const anyway = setInterval(lookAgain, ANYWAY_EVERY_MS);
    return () => {
      stop();
      clearInterval(anyway);
      if (soon !== null) clearTimeout(soon);
    };
  });
}
