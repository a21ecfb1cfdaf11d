import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { LICENSES_FILE, licensesText } from "../scripts/licenses.ts";
import { fromSource, runProgram } from "./support/process.ts";

test("the licences are those of what is installed: `bun run licenses` writes them", () => {
  expect(readFileSync(LICENSES_FILE, "utf8") === licensesText()).toBe(true);
});

test("the program prints them whole", async () => {
  const { exitCode, stdout } = await runProgram([...fromSource, "version", "--licenses"]);
  expect(exitCode).toBe(0);
  expect(stdout.trim()).toBe(readFileSync(LICENSES_FILE, "utf8").trim());
  expect(stdout).toContain("Permission is hereby granted");
});
