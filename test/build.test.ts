import { expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { runProgram, temporaryFolder } from "./support/process.ts";

const BUILD = resolve(import.meta.dir, "../scripts/build.ts");

test("the same sources make the same bytes, in whatever folder", async () => {
  const hashes = [];
  for (const below of [".", "another"]) {
    const folder = temporaryFolder();
    const outfile = join(folder, below, "load-balancer");
    const built = await runProgram([process.execPath, "--no-env-file", BUILD, "--outfile", outfile]);
    expect([built.exitCode, built.stderr]).toEqual([0, ""]);
    hashes.push(new Bun.CryptoHasher("sha256").update(readFileSync(outfile)).digest("hex"));
    rmSync(folder, { recursive: true });
  }
  expect(hashes[1]).toBe(hashes[0]!);
});
