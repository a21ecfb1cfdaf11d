import { expect, test } from "bun:test";
import { join } from "node:path";
import { configRows } from "../src/config.ts";

const readme = await Bun.file(join(import.meta.dir, "../README.md")).text();

test("the README's table of variables is the one of config.ts", () => {
  const rows = Array.from(
    readme.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\| (.+?) +\|$/gm),
    ([, name, value, help]) => ({
      name: name ?? "",
      default: value === "–" ? "" : (value ?? "").replaceAll("`", ""),
      help: help ?? "",
    }),
  );
  expect(rows).toEqual(configRows.map(({ name, default: value, help }) => ({ name, default: value, help })));
});

test("the README has the two commands and a picture that exists", async () => {
  expect(readme).toContain("npx -y bun@1.4.5 run start");
  expect(readme).toContain("npx -y bun@1.4.5 run check");
  const picture = /!\[[^\]]+\]\(([^)]+)\)/.exec(readme)?.[1] ?? "";
  expect(await Bun.file(join(import.meta.dir, "..", picture)).exists()).toBe(true);
});
