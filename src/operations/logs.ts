import type { Clock } from "../clock.ts";
import type { Storage } from "../storage/types.ts";
import { NotFoundError } from "../types.ts";
import type { LogTail } from "./log-tail.ts";
import type { LogOperations } from "./types.ts";

const DEFAULT_FACETS_MS = 30 * 86_400_000;

/** Reads only; storage checks limit and cursor. */
export function createLogOperations(
  storage: Pick<Storage, "requestLogs" | "keyEvents">,
  clock: Clock,
  tail: Pick<LogTail, "listen">,
): LogOperations {
  return {
    requests: (query) => storage.requestLogs.list(query),
    async request(id) {
      const request = await storage.requestLogs.get(id);
      if (request === null) throw new NotFoundError("There is no such request in the log.");
      return request;
    },
    keyEvents: (query) => storage.keyEvents.list(query),
    facets({ from, to = clock.now() + 1 }) {
      return storage.requestLogs.facets(from ?? to - DEFAULT_FACETS_MS, to);
    },
    listen: (listener) => tail.listen(listener),
  };
}
