/**
 * `bun run check`: everything that must hold before a change is good. The last line is `N passed, N failed`, each test
 * counted and each other step as one; exit 1 if anything failed.
 */
import { join, resolve } from "node:path";
import { Glob } from "bun";

const ROOT = resolve(import.meta.dir, "..");
/** Two cores are what a small machine has; the type checker alone fills one. */
const PARALLEL_STEPS = 2;
const STEP_LIMIT_MS = 5 * 60_000;
const TESTS_LIMIT_MS = 20 * 60_000;
/** Test files that run at once: most of them wait for sockets and browsers. */
const TEST_WORKERS = 2;
const TEST_TIMINGS = "node_modules/.cache/test-times.json";
/** For one test. The `timeout` of bunfig.toml has no effect in Bun 1.4.5. */
const TEST_LIMIT_MS = 30_000;

const bun = process.execPath;
const tool = (...command: string[]) => [bun, "x", "--no-install", ...command];
const markup = [...new Glob("{src,views}/**/*.tsx").scanSync(ROOT)];

interface Step {
  name: string;
  command: string[];
}

/** The longest first. The tests need the executable, so it is built here. */
const STEPS: Step[] = [
  {
    name: "types",
    command: tool("tsc", "--noEmit", "--incremental", "--tsBuildInfoFile", "node_modules/.cache/tsc.json"),
  },
  { name: "xss-scan", command: tool("xss-scan", ...markup) },
  { name: "executable", command: [bun, "--no-env-file", join(ROOT, "scripts/build.ts")] },
  { name: "lint", command: tool("biome", "check", "--colors=off", ".") },
  { name: "knip", command: tool("knip", "--no-progress") },
];

interface Counts {
  passed: number;
  failed: number;
}

const steps = await runSteps(STEPS);
const tests = await runTests();
console.log(`${steps.passed + tests.passed} passed, ${steps.failed + tests.failed} failed`);
process.exit(steps.failed + tests.failed === 0 ? 0 : 1);

async function runSteps(all: Step[]): Promise<Counts> {
  const waiting = [...all];
  const counts: Counts = { passed: 0, failed: 0 };
  const work = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      if (await runStep(step)) counts.passed += 1;
      else counts.failed += 1;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_STEPS }, work));
  return counts;
}

/** What a good step says is of no interest. */
async function runStep({ name, command }: Step): Promise<boolean> {
  const startedAt = performance.now();
  const { code, output } = await run(command, STEP_LIMIT_MS, () => {});
  report(code === 0, name, startedAt);
  if (code !== 0) console.log(output.trimEnd());
  return code === 0;
}

async function runTests(): Promise<Counts> {
  const startedAt = performance.now();
  const command = [
    ...[bun, "--no-env-file", "test", "--only-failures", `--timeout=${TEST_LIMIT_MS}`],
    // How long each file took the last time: the slowest begin first.
    ...[`--parallel=${TEST_WORKERS}`, `--timings=${TEST_TIMINGS}`, "--update-timings"],
  ];
  const { code, output } = await run(command, TESTS_LIMIT_MS, (text) => process.stdout.write(text));
  const passed = lastCount(output, "pass");
  // A file that can't be loaded, a crash or a timeout fails without a failed test.
  const failed = Math.max(lastCount(output, "fail"), code === 0 ? 0 : 1);
  report(failed === 0, "tests", startedAt);
  return { passed, failed };
}

/** Of the summary that `bun test` ends with: ` 12 pass`. */
function lastCount(output: string, word: string): number {
  return Number([...output.matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"))].at(-1)?.[1] ?? 0);
}

function report(good: boolean, name: string, startedAt: number): void {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${good ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
}

/** Both outputs in the order that they came. Beyond the limit it is killed, which is a failure. */
async function run(command: string[], limitMs: number, onText: (text: string) => void) {
  const child = Bun.spawn(command, {
    cwd: ROOT,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      output += part.value;
      onText(part.value);
    }
  };
  await Promise.all([read(child.stdout), read(child.stderr)]);
  const code = await child.exited;
  return { code, output };
}
