/**
 * Builds the executable: `bun run build [--outfile PATH]` (default dist/load-balancer), or `bun run build --all` for a
 * release: dist/release/load-balancer-TARGET for every target, what they are made of (sbom.cdx.json), and SHA256SUMS
 * (`sha256sum -c` checks them). The same commit makes the same bytes, wherever it is built.
 * One file with pages, styles, scripts, migrations and licences inside; it reads no bunfig.toml and no .env of the
 * folder that it is started in (a `preload` there would be executed), the program reads its .env itself.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { sbomText } from "./sbom.ts";

const ROOT = resolve(import.meta.dir, "..");
/** A worker is found in the executable only as an entry point of its own. */
const ENTRIES = ["src/main.ts", "src/storage/reader-worker.ts"];
/** The runtime of a foreign target is fetched once, through the registry that npm is set to. */
const TARGETS = ["linux-x64", "linux-arm64", "darwin-arm64", "darwin-x64", "windows-x64"] as const;

const { values } = parseArgs({
  options: {
    outfile: { type: "string", default: join(ROOT, "dist/load-balancer") },
    all: { type: "boolean", default: false },
  },
});

if (!values.all) {
  process.exit((await build(resolve(values.outfile))) ? 0 : 1);
}
const folder = join(ROOT, "dist/release");
rmSync(folder, { recursive: true, force: true });
const sums: string[] = [];
for (const target of TARGETS) {
  const name = `load-balancer-${target}${target.startsWith("windows") ? ".exe" : ""}`;
  const path = join(folder, name);
  if (!(await build(path, `bun-${target}`))) process.exit(1);
  addSum(name);
}
writeFileSync(join(folder, "sbom.cdx.json"), sbomText());
addSum("sbom.cdx.json");
await Bun.write(join(folder, "SHA256SUMS"), `${sums.join("\n")}\n`);

function addSum(name: string): void {
  const hash = new Bun.CryptoHasher("sha256").update(readFileSync(join(folder, name))).digest("hex");
  sums.push(`${hash}  ${name}`);
}

/** @returns whether it was built. */
async function build(outfile: string, target?: Bun.Build.CompileTarget): Promise<boolean> {
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
    compile: { outfile, ...(target && { target }), autoloadBunfig: false, autoloadDotenv: false },
    throw: false,
  });
  for (const log of result.logs) console.error(log);
  if (!result.success) return false;
  const megabytes = (statSync(outfile).size / 2 ** 20).toFixed(1);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${basename(outfile)}: ${megabytes} MiB in ${seconds} s (${outfile})`);
  return true;
}
