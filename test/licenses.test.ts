import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { LICENSES_FILE, licensesText } from "../scripts/licenses.ts";
import { sbomText } from "../scripts/sbom.ts";
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

test("the bill of materials names the same packages, each with its licence, hash and place in the graph", () => {
  const { components, dependencies, metadata } = JSON.parse(sbomText());
  const refs = components.map((one: { "bom-ref": string }) => one["bom-ref"]);
  expect(refs).toContain(`pkg:github/oven-sh/bun@${Bun.version}`);
  const libraries = components.filter(({ type }: { type: string }) => type === "library");
  for (const { name, version, purl, licenses, hashes } of libraries) {
    expect(licensesText()).toContain(`\n${name} ${version} (`);
    expect(purl).toMatch(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d/);
    expect([name, licenses.length, hashes[0]?.content]).toEqual([
      name,
      1,
      expect.stringMatching(/^[0-9a-f]{128}$/),
    ]);
  }
  expect(dependencies[0].ref).toBe(metadata.component["bom-ref"]);
  for (const { dependsOn } of dependencies) for (const ref of dependsOn) expect(refs).toContain(ref);
});
