import { expect, test } from "bun:test";
import fc from "fast-check";
import { listPage, type Sorts } from "../../src/operations/list-page.ts";
import { InputError } from "../../src/types.ts";

interface Item {
  id: string;
  size: number;
}
const sorts: Sorts<Item> = { created_at: ({ id }) => id, size: ({ size }) => size };

test("pages together are the whole list, each item once, in order, in both directions", () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 });
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom("size", "-size"),
      (given, limit, sort) => {
        const items = given.map((size, index) => ({ id: `id${String(index).padStart(3, "0")}`, size }));
        const seen: Item[] = [];
        let cursor: string | null | undefined;
        while (cursor !== null) {
          const page = listPage(items, sorts, { limit, sort, cursor });
          expect(page.data.length).toBeLessThanOrEqual(limit);
          expect([page.before, page.total]).toEqual([seen.length, items.length]);
          if (page.previousCursor !== null) {
            const back = listPage(items, sorts, { limit, sort, cursor: page.previousCursor });
            expect(back.data).toEqual(seen.slice(-limit));
            expect(back.before).toBe(seen.length - back.data.length);
            expect(back.nextCursor).toBe(cursor as string);
          }
          seen.push(...page.data);
          cursor = page.nextCursor;
        }
        const sign = sort === "size" ? 1 : -1;
        const wanted = items.toSorted((a, b) => sign * (a.size - b.size || (a.id < b.id ? -1 : 1)));
        expect(seen).toEqual(wanted);
      },
    ),
  );
});

test("items that come and go between two pages move nothing", () => {
  const items = ["b", "d", "f", "h"].map((id) => ({ id, size: 1 }));
  const first = listPage(items, sorts, { limit: 2 });
  const changed = ["a", "b", "c", "e", "f", "h"].map((id) => ({ id, size: 1 }));
  const second = listPage(changed, sorts, { limit: 9, cursor: first.nextCursor ?? "" });
  expect(second.data.map(({ id }) => id)).toEqual(["e", "f", "h"]);
});

test("a cursor of another order, or a broken one, is refused", () => {
  const cursor =
    listPage(
      [
        { id: "a", size: 1 },
        { id: "b", size: 1 },
      ],
      sorts,
      { limit: 1 },
    ).nextCursor ?? "";
  for (const bad of ["", "x", Buffer.from("[1]").toString("base64url"), "y".repeat(2_000)]) {
    expect(() => listPage([], sorts, { cursor: bad })).toThrow(InputError);
  }
  expect(() => listPage([], sorts, { sort: "size", cursor })).toThrow(InputError);
  expect(() => listPage([], sorts, { limit: 0 })).toThrow(InputError);
  expect(() => listPage([], sorts, { sort: "toString" })).toThrow(InputError);
});
