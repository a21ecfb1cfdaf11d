import { InputError, type Page } from "../types.ts";

export const DEFAULT_PAGE_ROWS = 100;
export const MAX_PAGE_ROWS = 500;
const MAX_CURSOR_CHARS = 1_000;
/** Rows gathered before those that can't be on the page are let go, in pages. */
const GATHERED_PAGES = 8;

type SortValue = string | number;
/** By what a list may be sorted, by the names that the API and the pages use. */
export type Sorts<Item> = Record<string, (item: Item) => SortValue>;

export interface ListQuery {
  /** A name of `Sorts`, `-` before it for descending. */
  sort?: string;
  limit?: number;
  cursor?: string;
}

/** A page, and where in the whole list it stands. */
export interface PlacedPage<Item> extends Page<Item> {
  previousCursor: string | null;
  /** Of the whole list. */
  total: number;
  /** How many stand before the first of the page. */
  before: number;
}

interface Row<Item> {
  item: Item;
  at: SortValue;
}
type Place = { at: SortValue; id: string };

/**
 * Sorts and cuts what is in memory, in one pass and without sorting all of it. The cursor names the last item shown
 * (or the first, on the way back), so that items added meanwhile move none.
 * @throws InputError for a limit, sort order or cursor that cannot be used.
 */
export function listPage<Item extends { id: string }>(
  items: Iterable<Item>,
  sorts: Sorts<Item>,
  { sort = "created_at", limit = DEFAULT_PAGE_ROWS, cursor }: ListQuery,
): PlacedPage<Item> {
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
  const from = cursor === undefined ? null : readCursor(cursor, sort);
  const isBack = from?.isBack === true;

  const order = (a: Place, b: Place) => sign * compare(a.at, a.id, b.at, b.id);
  const nearest = new Nearest<Item>(limit + 1, (a, b) => (isBack ? -1 : 1) * order(place(a), place(b)));
  let total = 0;
  let passed = 0;
  for (const item of items) {
    total += 1;
    const at = sortValue(item);
    const distance = from === null ? 1 : order({ at, id: item.id }, from);
    if (isBack ? distance < 0 : distance > 0) nearest.offer({ item, at });
    if (distance <= 0) passed += 1;
  }
  const found = nearest.rows();
  const hasMore = found.length > limit;
  const rows = found.slice(0, limit);
  if (isBack) rows.reverse();
  // On the way back `passed` counts the rows of this page and the one that the cursor names, if it is still there.
  const before = isBack ? nearest.offered - rows.length : passed;
  const first = rows[0];
  const last = rows.at(-1);
  const hasNext = isBack ? before + rows.length < total : hasMore;
  return {
    data: rows.map(({ item }) => item),
    nextCursor: hasNext && last !== undefined ? writeCursor(sort, place(last)) : null,
    previousCursor: before > 0 && first !== undefined ? writeCursor(sort, place(first), "back") : null,
    total,
    before,
  };
}

/** Keeps the first so many of what it is offered, in an order. */
class Nearest<Item> {
  offered = 0;
  #rows: Row<Item>[] = [];
  #last: Row<Item> | null = null;

  constructor(
    private readonly wanted: number,
    private readonly order: (a: Row<Item>, b: Row<Item>) => number,
  ) {}

  offer(row: Row<Item>): void {
    this.offered += 1;
    if (this.#last !== null && this.order(row, this.#last) > 0) return;
    this.#rows.push(row);
    if (this.#rows.length >= GATHERED_PAGES * this.wanted) this.#cut();
  }

  rows(): Row<Item>[] {
    this.#cut();
    return this.#rows;
  }

  #cut(): void {
    this.#rows.sort(this.order);
    this.#rows.length = Math.min(this.#rows.length, this.wanted);
    this.#last = this.#rows.length === this.wanted ? (this.#rows.at(-1) as Row<Item>) : null;
  }
}

function place<Item extends { id: string }>({ item, at }: Row<Item>): Place {
  return { at, id: item.id };
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

function writeCursor(sort: string, { at, id }: Place, way?: "back"): string {
  const parts = way === undefined ? [sort, at, id] : [sort, at, id, way];
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

function readCursor(cursor: string, sort: string): Place & { isBack: boolean } {
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
  const [ofSort, at, id, way] = parsed;
  if (ofSort !== sort || typeof id !== "string") throw problem;
  if (typeof at !== "string" && typeof at !== "number") throw problem;
  return { at, id, isBack: way === "back" };
}
