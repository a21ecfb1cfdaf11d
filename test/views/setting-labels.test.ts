import { expect, test } from "bun:test";
import { settingRows } from "../../src/settings.ts";
import { settingLabel } from "../../views/setting-labels.ts";

test("every setting has a name of its own that is no code", () => {
  const labels = settingRows.map((row) => settingLabel(row.name));
  expect(new Set(labels).size).toBe(labels.length);
  for (const label of labels) expect(label).toMatch(/^[A-Z][^_]*$/);
});

test("one that nobody has named yet is written out without its unit", () => {
  expect(settingLabel("some_new_timeout_ms")).toBe("Some new timeout");
  expect(settingLabel("constructor")).toBe("Constructor");
});
