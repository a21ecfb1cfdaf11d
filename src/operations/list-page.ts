import { InputError, type Page } from "../types.ts";

export const DEFAULT_PAGE_ROWS = 100;
export const MAX_PAGE_ROWS = 500;
const MAX_CURSOR_CHARS = 1_000;

type SortValue = string | number;
/** By what a list may be sorted, by the names that the API and the pages use. */
export type Sorts<Item> = Record<string, (item: Item) => SortValue>;

export interface ListQuery {
  /** A name of `Sorts`, `-` before it for descending. */
  sort?: string;
  limit?: number;
  cursor?: string;
}

/**
 * Sorts and cuts what is in memory. The cursor names the last item shown, so that items added meanwhile move none.
 * @throws InputError for a limit, sort order or cursor that cannot be used.
 */
export function listPage<Item extends { id: string }>(
  items: Item[],
  sorts: Sorts<Item>,
  { sort = "created_at", limit = DEFAULT_PAGE_ROWS, cursor }: ListQuery,
): Page<Item> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_ROWS) {
    throw new InputError("The limit is out of range.", {
      limit: `give a whole number from 1 to ${MAX_PAGE_ROWS}`,
    });
  }
  const sign = sort.startsWith("-") ? -1 : 1;
  const name = sort.replace(/^-/, "");
  const sortValue = Object.hasOwn(sorts, name) ? sorts[name] : undefined;
  if (sortValue === undefined) {
    const names = Object.keys(sorts).join(", ");
    throw new InputError("The sort order is unknown.", { sort: `give one of ${names}, or - before it` });
  }
  const after = cursor === undefined ? null : readCursor(cursor, sort);

  const rows = items.map((item) => ({ item, at: sortValue(item) }));
  rows.sort((a, b) => sign * compare(a.at, a.item.id, b.at, b.item.id));
  const isAfter = ({ item, at }: { item: Item; at: SortValue }) =>
    after === null || sign * compare(at, item.id, after.at, after.id) > 0;
  const begin = rows.findIndex(isAfter);
  const page = begin < 0 ? [] : rows.slice(begin, begin + limit);
  const last = page.at(-1);
  const isLastPage = begin < 0 || begin + limit >= rows.length || last === undefined;
  return {
    data: page.map(({ item }) => item),
    nextCursor: isLastPage ? null : writeCursor(sort, last.at, last.item.id),
  };
}

/** Whether the text that is looked for occurs in one of these, whatever its case. */
export function occursIn(wanted: string | undefined, texts: string[]): boolean {
  const text = wanted?.trim().toLowerCase() ?? "";
  return text === "" || texts.some((candidate) => candidate.toLowerCase().includes(text));
}

function compare(a: SortValue, aId: string, b: SortValue, bId: string): number {
  if (a !== b) return a < b ? -1 : 1;
  return aId < bId ? -1 : aId > bId ? 1 : 0;
}

function writeCursor(sort: string, at: SortValue, id: string): string {
  return Buffer.from(JSON.stringify([sort, at, id])).toString("base64url");
}

function readCursor(cursor: string, sort: string): { at: SortValue; id: string } {
  const problem = new InputError("The cursor does not fit.", {
    cursor: "give the next_cursor of the same list in the same order",
  });
  if (cursor.length > MAX_CURSOR_CHARS) throw problem;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    throw problem;
  }
  if (!Array.isArray(parsed)) throw problem;
  const [ofSort, at, id] = parsed;
  if (ofSort !== sort || typeof id !== "string") throw problem;
  if (typeof at !== "string" && typeof at !== "number") throw problem;
  return { at, id };
}
