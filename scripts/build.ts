/**
 * Builds the executable: `bun run build [--outfile PATH]` (default dist/load-balancer).
 * One file with pages, styles, scripts and migrations inside; it reads no bunfig.toml and no .env of the folder that it
 * is started in (a `preload` there would be executed), the program reads its .env itself.
 */
import { mkdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

const ROOT = resolve(import.meta.dir, "..");
/** A worker is found in the executable only as an entry point of its own. */
const ENTRIES = ["src/main.ts", "src/storage/reader-worker.ts"];

const { values } = parseArgs({
  options: { outfile: { type: "string", default: join(ROOT, "dist/load-balancer") } },
});
const outfile = resolve(values.outfile);
const startedAt = performance.now();

mkdirSync(dirname(outfile), { recursive: true });
// A failed build must not leave yesterday's executable to be tested.
rmSync(outfile, { force: true });

const result = await Bun.build({
  entrypoints: ENTRIES.map((entry) => join(ROOT, entry)),
  root: ROOT,
  target: "bun",
  format: "esm",
  bytecode: true,
  minify: true,
  compile: { outfile, autoloadBunfig: false, autoloadDotenv: false },
  throw: false,
});
for (const log of result.logs) console.error(log);
if (!result.success) process.exit(1);

const megabytes = (statSync(outfile).size / 2 ** 20).toFixed(1);
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
console.log(`${basename(outfile)}: ${megabytes} MiB in ${seconds} s (${outfile})`);
