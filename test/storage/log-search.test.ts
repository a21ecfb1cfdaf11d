import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { Sql } from "../../src/storage/database.ts";
import { listRequests } from "../../src/storage/request-query.ts";
import type { LogQuery, Storage } from "../../src/storage/types.ts";
import type { RequestRecord } from "../../src/types.ts";
import { chance } from "../support/chance.ts";
import {
  aKey,
  anAttempt,
  anUpstream,
  aQuery,
  aRequest,
  batchOf,
  type Folder,
  indexAll,
  withFreshStorage,
} from "./builders.ts";

let folder: Folder;
let storage: Storage;
withFreshStorage((fresh) => ({ folder, storage } = fresh));

const write = (requests: RequestRecord[]) => storage.writeBatch(batchOf(requests));

const KEY_NAMES = new Map([
  ["k1", "Team Red"],
  ["k2", "Team Blue"],
  ["k3", "Spare"],
]);
const MODELS = ["gpt-4o", "gpt-4o-mini", "claude-4", "rare-1"];
const OUTCOMES = ["ok", "rate_limited", "overloaded", "client_error"] as const;
const STATUSES = { ok: 200, rate_limited: 429, overloaded: 503, client_error: 400 };

describe("every row is found, whichever index is walked", () => {
  const random = chance(20_261_124);
  const message = () =>
    `${random.one(["Quota exceeded", "Overloaded", "Internal error, quota unknown"])} (req_${random.below(90)}) after ${random.below(3_000)} ms`;
  const requests = Array.from({ length: 1_200 }, (_, index) => {
    const outcome = random.below(3) > 0 ? "ok" : random.one(OUTCOMES);
    const error = outcome === "ok" ? null : message();
    const tried = random.some([...KEY_NAMES.keys()], 1 + random.below(2));
    return aRequest({
      startedAt: 1_000 + index,
      model: random.below(200) === 0 ? "rare-1" : random.one(MODELS.slice(0, 3)),
      poolId: random.one([null, null, "p1", "p2"]),
      outcome,
      status: outcome === "ok" && random.below(50) === 0 ? 201 : STATUSES[outcome],
      error,
      attempts: tried.map((keyId, position) =>
        anAttempt({ keyId, error: position < tried.length - 1 ? message() : error }),
      ),
    });
  });

  /** What the README promises, row by row. */
  function fits(request: RequestRecord, query: Partial<LogQuery>): boolean {
    const { q = "", keyId, poolId, model, status, outcome, kind, from = 0, to = 1e9 } = query;
    return (
      request.startedAt >= from &&
      request.startedAt < to &&
      (kind !== "error" || request.outcome !== "ok") &&
      (keyId === undefined || request.attempts.some((attempt) => attempt.keyId === keyId)) &&
      (poolId === undefined || request.poolId === poolId) &&
      (model === undefined || request.model === model) &&
      (status === undefined || request.status === status) &&
      (outcome === undefined || request.outcome === outcome) &&
      (q === "" || holds(request, q))
    );
  }
  function holds({ id, model, error, attempts }: RequestRecord, q: string): boolean {
    const wordsOf = (text: string) => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
    const names = attempts.map(({ keyId }) => KEY_NAMES.get(keyId)!.toLowerCase());
    if ([model!, ...names].some((name) => name.toLowerCase().includes(q.toLowerCase()))) return true;
    if (/^[0-9a-f]{8}-[0-9a-f]{4}/.test(q) && id.startsWith(q)) return true;
    const has = [error, ...attempts.map((attempt) => attempt.error)].flatMap((text) => wordsOf(text ?? ""));
    const asked = wordsOf(q);
    const last = asked.pop();
    if (last === undefined) return false;
    return asked.every((word) => has.includes(word)) && has.some((word) => word.startsWith(last));
  }

  test("as a look at every row finds it, in pages of any length", async () => {
    await storage.upstreams.insert(anUpstream());
    const keys = [...KEY_NAMES].map(([id, name]) => aKey({ id, name }));
    await storage.keys.insert(keys, []);
    await write(requests.slice(0, 800));
    await indexAll(storage);
    // The words of these wait for the index.
    await write(requests.slice(800));
    const database = new Database(folder.database);
    const sql = new Sql(database);
    const newest = requests.toReversed();
    const some = <T>(oneIn: number, values: readonly T[]) =>
      random.below(oneIn) === 0 ? random.one(values) : undefined;
    const texts = [
      ..."quota|over|ms|1|12|req 7|exceeded req|quota overloaded|after 2|nothing like that|unknown quota|4o|rare|team|blue|e|%|Quota (req_".split(
        "|",
      ),
      requests[5]!.id,
      requests[1_000]!.id.slice(0, 14),
    ];
    let found = 0;
    for (let round = 0; round < 120; round++) {
      const query: Partial<LogQuery> = {
        kind: some(4, ["error"] as const) ?? "request",
        q: some(2, texts),
        keyId: some(4, ["k1", "k2", "k3", "k4"]),
        poolId: some(4, ["p1", "p2", "p3"]),
        model: some(4, [...MODELS, "unknown"]),
        status: some(5, [200, 201, 400, 429, 418]),
        outcome: some(4, [...OUTCOMES, "unknown"]),
        from: some(6, [1_300, 2_000]),
        to: some(6, [1_500, 2_150]),
      };
      const limit = random.one([20, 100, 500]);
      const ids: string[] = [];
      let cursor: string | null = null;
      do {
        const page = listRequests(sql, aQuery({ ...query, limit, cursor }));
        ids.push(...page.data.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== null);
      const expected = newest.filter((request) => fits(request, query)).map(({ id }) => id);
      expect({ query, ids }).toEqual({ query, ids: expected });
      found += ids.length;
    }
    expect(found).toBeGreaterThan(2_000);
    sql.close();
  });
});
