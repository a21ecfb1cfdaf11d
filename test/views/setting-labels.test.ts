import { expect, test } from "bun:test";
import { SETTING_GROUPS, settingRows } from "../../src/settings.ts";
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

test("every section shows in the list of sections that something in it is unsaved", async () => {
  const styles = await Bun.file(`${import.meta.dir}/../../public/styles/forms.css`).text();
  const marked = [...styles.matchAll(/:has\(#(\w+) \.changed\) \.sections a\[href="#\1"\]::after/g)];
  expect(marked.map((match) => match[1] ?? "").sort()).toEqual(Object.keys(SETTING_GROUPS).sort());
});
