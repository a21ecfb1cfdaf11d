import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram, temporaryFolder } from "./process.ts";

/** A test file of its own that needs two tools, run by another `bun test`. */
async function runTestFile(env: Record<string, string>) {
  const folder = temporaryFolder();
  const tools = join(import.meta.dir, "tools.ts");
  const lines = [
    `import { needsTool } from ${JSON.stringify(tools)};`,
    `needsTool("sh", "dash").test("there", () => {});`,
    `needsTool("no-such-tool", "no-such-package").test("missing", () => {});`,
  ];
  writeFileSync(join(folder, "needs.test.ts"), lines.join("\n"));
  return runProgram([process.execPath, "test", "needs.test.ts"], { folder, env });
}

test("a missing tool skips its tests with one line that names the package", async () => {
  const { exitCode, stdout, stderr } = await runTestFile({});
  expect(exitCode).toBe(0);
  expect(stdout + stderr).toMatch(/ 1 pass\n 1 skip\n 0 fail/);
  expect(stdout + stderr).toContain("skipped: no-such-tool is missing: apt-get install no-such-package\n");
});

test("with REQUIRE_TOOLS=1 it is a failure", async () => {
  const { exitCode, stdout, stderr } = await runTestFile({ REQUIRE_TOOLS: "1" });
  expect(exitCode).toBe(1);
  expect(stdout + stderr).toMatch(/ 1 pass\n 1 fail/);
  expect(stdout + stderr).toContain("no-such-tool is missing: apt-get install no-such-package");
});
