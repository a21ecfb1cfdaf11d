import { expect, test } from "bun:test";
import { groupColours } from "../../views/stats-colours.ts";
import { change, comparison, dollars, type GroupFigures } from "../../views/stats-figures.ts";
import { statsHref } from "../../views/stats-query.ts";

test("money has the digits that say something; unknown is never zero", () => {
  const written = [null, 0, 0.00001, 0.0132, 0.7, 2.468, 999.999, 1_204.4].map(dollars);
  expect(written).toEqual(["–", "$0", "< $0.0001", "$0.0132", "$0.700", "$2.47", "$1000.00", "$1,204"]);
});

test("a change is told with its sign, and from nothing there is no percentage", () => {
  expect([change(106.2, 100), change(96.2, 100), change(100, 100), change(30, 1)]).toEqual([
    "+6.2 %",
    "−3.8 %",
    "±0 %",
    "+2,900 %",
  ]);
  expect([change(5, 0), change(0, 0), change(null, 3), change(3, undefined)]).toEqual([
    "new",
    "±0 %",
    "–",
    "–",
  ]);
  expect([comparison(110, 100), comparison(90, 100), comparison(100, 100), comparison(5, 0)]).toEqual([
    "10.0 % more than",
    "10.0 % fewer than",
    "as many as",
    null,
  ]);
});

test("a key keeps its colour, a pool has its own, other groups of one page differ", () => {
  const groups = (labels: string[]) => labels.map((label) => ({ id: label, label }) as GroupFigures);
  const names = Array.from({ length: 14 }, (_, at) => `model-${at}-x`);
  const models = [...groupColours("model", groups(names), new Map()).values()].map((colour) =>
    JSON.stringify(colour),
  );
  expect(new Set(models).size).toBe(14);
  const alone = groupColours("key", groups(["key-07"]), new Map()).get("key-07");
  expect(groupColours("key", groups(["other", "key-21", "key-07"]), new Map()).get("key-07")).toEqual(alone!);
  expect(groupColours("pool", groups(["p"]), new Map([["p", "#123456"]])).get("p")).toEqual({
    fill: "#123456",
  });
});

test("an address says only what differs from the usual", () => {
  const usual = { range: "day", group: "key", compare: true, from: "", to: "" } as const;
  expect(statsHref(usual)).toBe("/stats");
  expect(
    statsHref({ ...usual, from: "2026-01-01T00:00Z" }, { range: "week", compare: false }, "/stats/csv"),
  ).toBe("/stats/csv?range=week&compare=off");
});
