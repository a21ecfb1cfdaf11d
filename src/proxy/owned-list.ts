import type { AttemptResult } from "./attempt.ts";
import type { ProxyRequest } from "./request.ts";
import type { Owners } from "./sticky.ts";

/** As many entries as providers give where a list says nothing of its length. */
const USUAL_LIMIT = 20;
const USUAL_LIMIT_OF_FILES = 10_000;
/** One call asks for no more, so that its answer can be held. */
const MOST_A_CALL = 1_000;
/** One page asks no more often than this; a further page goes on where it ended. */
const MOST_CALLS = 200;

export interface ListDeps {
  /** The keys whose accounts are listed, in their order. */
  keyIds: readonly string[];
  owners: Owners;
  /** One call with one key and another query, released; null where the key is out. */
  ask(keyId: string, target: string): Promise<AttemptResult | null>;
}

export interface MergedList {
  body: Record<string, unknown>;
  /** Keys whose part could not be had. */
  missing: number;
}

interface Part {
  entries: Record<string, unknown>[];
  hasMore: boolean;
  rest: Record<string, unknown>;
}

/**
 * One page of a list of which each account has a part: one account's entries behind another's, in the order in which
 * the keys were added. `after` leads to the account that has that entry, so pages need no memory here. Null where no
 * account gave its part.
 */
export async function mergedList(request: ProxyRequest, deps: ListDeps): Promise<MergedList | null> {
  const cursor = request.endpoint.protocol === "anthropic" ? "after_id" : "after";
  const query = new URLSearchParams(request.target.slice(request.path.length));
  const asked = Number(query.get("limit") ?? Number.NaN);
  const usual = request.path === "/files" ? USUAL_LIMIT_OF_FILES : USUAL_LIMIT;
  const limit = Number.isInteger(asked) && asked > 0 ? Math.min(asked, USUAL_LIMIT_OF_FILES) : usual;
  const found = new Map<string, Record<string, unknown>>();
  let after = query.get(cursor);
  let position = after === null ? 0 : await positionOf(after, deps);
  let rest: Record<string, unknown> | null = null;
  let missing = 0;
  for (let calls = 0; calls < MOST_CALLS && position < deps.keyIds.length && found.size < limit; calls += 1) {
    const keyId = deps.keyIds[position] as string;
    query.set("limit", String(Math.min(limit - found.size, MOST_A_CALL)));
    if (after === null) query.delete(cursor);
    else query.set(cursor, after);
    const part = partIn(await deps.ask(keyId, `${request.path}?${query}`));
    const last = part?.entries.at(-1)?.id;
    for (const entry of part?.entries ?? []) found.set(String(entry.id), entry);
    if (part === null) missing += 1;
    else rest ??= part.rest;
    const goesOn = part?.hasMore === true && typeof last === "string";
    after = goesOn ? last : null;
    if (!goesOn) position += 1;
  }
  if (rest === null) return null;
  const data = [...found.values()];
  const body = {
    ...rest,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: data.length > 0 && position < deps.keyIds.length,
  };
  return { body, missing };
}

/** Where the account stands that has this entry; the first one where nobody knows. */
async function positionOf(id: string, { keyIds, owners }: ListDeps): Promise<number> {
  const owner = await owners.find(id);
  return owner === null ? 0 : Math.max(0, keyIds.indexOf(owner));
}

function partIn(result: AttemptResult | null): Part | null {
  if (result?.answer?.kind !== "whole" || result.status !== 200) return null;
  try {
    const { data, has_more, ...rest } = JSON.parse(result.answer.text) as Record<string, unknown>;
    if (!Array.isArray(data)) return null;
    return { entries: data as Record<string, unknown>[], hasMore: has_more === true, rest };
  } catch {
    return null;
  }
}
