/**
 * `bun run proof [NUMBER …]`: the full numbers that an issue's "Done when" asks for, all of them or those of the issues
 * named. A part takes at most ten minutes; what passed at this commit is not run again, so a run can be broken off and
 * taken up. Prints each part's figures; exit 1 if anything failed. `bun run proof --fresh` forgets earlier results.
 */
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { PARTS as WORLDS } from "../test/simulation/parts.ts";

const ROOT = resolve(import.meta.dir, "..");
const RESULTS = join(ROOT, "proof/.work/results.json");
const PART_LIMIT_MS = 10 * 60_000;

const bun = process.execPath;
const tests = (...files: string[]) => [bun, "--no-env-file", "test", "--timeout=590000", ...files];
const bench = (scene: string) => [bun, "--no-env-file", join(ROOT, "bench/main.ts"), scene];

interface Part {
  issue: number;
  name: string;
  command: string[];
}

const PARTS: Part[] = [
  { issue: 3, name: "ten keys", command: tests("test/e2e/ten-keys.test.ts") },
  { issue: 3, name: "a thousand streams", command: tests("test/e2e/many-streams.test.ts") },
  { issue: 3, name: "kill -9 under load", command: tests("test/e2e/kill.test.ts") },
  { issue: 3, name: "random chunkings", command: tests("test/proxy/streams.test.ts") },
  { issue: 3, name: "requests/s beside nginx", command: bench("proxy") },
  { issue: 4, name: "keys that fail and recover", command: tests("test/e2e/faulty-keys.test.ts") },
  { issue: 4, name: "an outage", command: tests("test/e2e/outage.test.ts") },
  { issue: 4, name: "limits as the provider counts", command: tests("test/e2e/limits.test.ts") },
  { issue: 4, name: "what claim and release cost", command: bench("pool") },
  ...WORLDS.map(({ name }) => ({
    issue: 4,
    name: `two years of traffic: ${name}`,
    command: tests("test/simulation", `--test-name-pattern=^${name}$`),
  })),
  { issue: 5, name: "every SDK call", command: tests("test/e2e/sdk.test.ts", "test/e2e/realtime.test.ts") },
  { issue: 5, name: "sticky, cut and slow streams, uploads", command: tests("test/proxy") },
  { issue: 6, name: "statistics are the truth", command: tests("test/e2e/statistics.test.ts") },
  { issue: 6, name: "what recording costs", command: bench("recording") },
  { issue: 6, name: "a log of a million rows", command: tests("test/e2e/long-log.test.ts") },
  {
    issue: 7,
    name: "every page in four forms, as pictures",
    command: tests("test/admin/every-page.test.ts"),
  },
  { issue: 7, name: "2,000 and 100,000 keys on the pages", command: tests("test/admin/many-keys.test.ts") },
  { issue: 7, name: "a change shows on open pages", command: tests("test/admin/live-browser.test.ts") },
  { issue: 8, name: "a million rows out and in again", command: tests("test/e2e/transfer.test.ts") },
  { issue: 8, name: "fuzzed calls of the admin API", command: tests("test/admin/api-fuzz.test.ts") },
];

interface Result {
  part: string;
  commit: string;
  figures: string[];
}

const args = process.argv.slice(2);
if (args.includes("--fresh")) rmSync(RESULTS, { force: true });
const wanted = args.filter((arg) => arg !== "--fresh").map(Number);
const parts = PARTS.filter(({ issue }) => wanted.length === 0 || wanted.includes(issue));
const commit = await output(["git", "rev-parse", "HEAD"]);
const changes = await output(["git", "status", "--porcelain"]);
const results = await readResults();
let failed = 0;

await run([bun, "--no-env-file", join(ROOT, "scripts/build.ts")], () => {});
for (const part of parts) {
  const id = `${part.issue}: ${part.name}`;
  const known = changes === "" ? results.find((one) => one.part === id && one.commit === commit) : undefined;
  const figures = known?.figures ?? (await runPart(part, id));
  console.log(`${figures === null ? "FAIL" : "ok  "} ${id}${known === undefined ? "" : " (as run before)"}`);
  for (const line of figures ?? []) console.log(`     ${line}`);
  if (figures === null) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);

/** The part's figures, or null where it failed; then its output is shown. */
async function runPart({ command }: Part, id: string): Promise<string[] | null> {
  const lines: string[] = [];
  const code = await run(command, (text) => lines.push(...text.split("\n")));
  if (code !== 0) {
    console.log(lines.join("\n"));
    return null;
  }
  const isFigure = /^(?:figure: |\||ratio |\(?\d+ pass)/;
  const figures = lines.filter((line) => isFigure.test(line)).map((line) => line.replace("figure: ", ""));
  const others = results.filter((one) => one.part !== id);
  results.splice(0, results.length, ...others, { part: id, commit, figures });
  mkdirSync(dirname(RESULTS), { recursive: true });
  await Bun.write(RESULTS, JSON.stringify(results, null, 2));
  return figures;
}

async function readResults(): Promise<Result[]> {
  const file = Bun.file(RESULTS);
  return (await file.exists()) ? ((await file.json()) as Result[]) : [];
}

async function run(command: string[], onText: (text: string) => void): Promise<number> {
  const child = Bun.spawn(command, {
    cwd: ROOT,
    env: { ...process.env, FULL_NUMBERS: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: PART_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const texts = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  for (const text of texts) onText(text);
  return child.exited;
}

async function output(command: string[]): Promise<string> {
  return (await new Response(Bun.spawn(command, { cwd: ROOT }).stdout).text()).trim();
}
