import type { LogIndex } from "./log-walk.ts";

/** What the log of requests can be walked along, by the value that is looked for. `i` is a row of the index. */
export const INDEXES = {
  id: (id: string) => ofRequests("sqlite_autoindex_requests_1", "i.id = ?", id),
  idBeginning: (start: string) =>
    ofRequests("sqlite_autoindex_requests_1", "i.id >= ? AND i.id < ?", start, `${start}~`),
  model: (model: string) => ofRequests("requests_by_model", "i.model = ?", model),
  pool: (poolId: string) => ofRequests("requests_by_pool", "i.pool_id = ?", poolId),
  failed: () => ofRequests("requests_failed", "i.outcome <> 'ok'"),
  /** Any but `ok`. */
  outcome: (outcome: string) =>
    ofRequests("requests_by_outcome", "i.outcome = ? AND i.outcome <> 'ok'", outcome),
  /** Any but 200. */
  status: (status: number) => ofRequests("requests_by_status", "i.status = ? AND i.status <> 200", status),
  /** Of any attempt. */
  key: (keyId: string): LogIndex => ({
    from: "attempts i INDEXED BY attempts_by_key",
    place: "i.request_row",
    condition: { sql: "i.key_id = ?", params: [keyId] },
  }),
};

function ofRequests(name: string, sql: string, ...params: (string | number)[]): LogIndex {
  return { from: `requests i INDEXED BY ${name}`, place: "i.row_id", condition: { sql, params } };
}
