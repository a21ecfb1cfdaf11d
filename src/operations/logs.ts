import type { Storage } from "../storage/types.ts";
import { NotFoundError } from "../types.ts";
import type { LogOperations } from "./types.ts";

/** Reads only; storage checks limit and cursor. */
export function createLogOperations(storage: Pick<Storage, "requestLogs" | "keyEvents">): LogOperations {
  return {
    requests: (query) => storage.requestLogs.list(query),
    async request(id) {
      const request = await storage.requestLogs.get(id);
      if (request === null) throw new NotFoundError("There is no such request in the log.");
      return request;
    },
    keyEvents: (query) => storage.keyEvents.list(query),
  };
}
