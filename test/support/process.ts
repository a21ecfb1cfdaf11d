import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "../..");
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 40_000;
const MAX_OUTPUT_CHARACTERS = 4_000_000;
const ADDRESS = /https?:\/\/(?:\[[^\]]+\]|[^\s/:"]+):\d+/;
/** How finely /proc/PID/stat counts (`getconf CLK_TCK`); 100 on every Linux that Bun runs on. */
const TICKS_PER_S = 100;

/** The program as its command line, without a command. Bun takes the JSX settings from the working folder's tsconfig. */
export const fromSource = [
  process.execPath,
  "--no-env-file",
  `--tsconfig-override=${join(ROOT, "tsconfig.json")}`,
  join(ROOT, "src/main.ts"),
];
export const executable = [join(ROOT, "dist/load-balancer")];

export interface ProgramOptions {
  /** Default: `fromSource` with `serve`. */
  command?: string[];
  /** All that the program sees beside PATH, HOME and `PORT=0`. */
  env?: Record<string, string>;
  /** The working folder, so also the data folder's place; kept. Default: a new one, removed at the end. */
  folder?: string;
  /** Pins the program to these cores (`taskset`). */
  cores?: string;
}

/** A server program that runs by itself, in a folder of its own. */
export interface Program extends AsyncDisposable {
  /** As it printed it, `http://127.0.0.1:41234`. */
  url: string;
  pid: number;
  folder: string;
  /** stdout and stderr so far, in the order that they came. */
  output(): string;
  /** Null while it runs. By a signal: 128 + its number. */
  exitCode(): number | null;
  /** Sends the signal (default SIGTERM) and waits for the end; the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number>;
  /** `kill -9`. */
  kill(): Promise<void>;
  rssBytes(): number;
  peakRssBytes(): number;
  /** User and system time since the start, in ms (to 10 ms). */
  cpuMs(): number;
}

/** Resolves once the program has printed its address; throws with its output where it ends before or is too slow. */
export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  const { command = [...fromSource, "serve"], env = {}, cores } = options;
  const folder = options.folder ?? temporaryFolder();
  const child = Bun.spawn(cores === undefined ? command : ["taskset", "-c", cores, ...command], {
    cwd: folder,
    env: environment(folder, env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let output = "";
  const started = Promise.withResolvers<string>();
  const take = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
      output = (output + decoder.decode(chunk, { stream: true })).slice(-MAX_OUTPUT_CHARACTERS);
      const address = ADDRESS.exec(output);
      if (address !== null) started.resolve(address[0]);
    }
  };
  const read = Promise.all([take(child.stdout), take(child.stderr)]);
  let exitCode: number | null = null;
  const ended = child.exited.then(async (code) => {
    await read;
    exitCode = code;
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    return code;
  });
  void ended.then((code) => started.reject(new Error(`the program ended with ${code}:\n${output}`)));
  const slow = setTimeout(() => {
    started.reject(new Error(`no address within ${START_LIMIT_MS} ms:\n${output}`));
    child.kill("SIGKILL");
  }, START_LIMIT_MS);

  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    const hard = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    const code = await ended;
    clearTimeout(hard);
    return code;
  };
  const kill = async () => {
    await stop("SIGKILL");
  };
  const url = await started.promise.finally(() => clearTimeout(slow));
  return {
    url,
    pid: child.pid,
    folder,
    output: () => output,
    exitCode: () => exitCode,
    stop,
    kill,
    rssBytes: () => statusBytes(child.pid, "VmRSS"),
    peakRssBytes: () => statusBytes(child.pid, "VmHWM"),
    cpuMs: () => cpuMs(child.pid),
    [Symbol.asyncDispose]: kill,
  };
}

export interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end (`[...fromSource, "version"]`), in a folder as `startProgram`. */
export async function runProgram(
  command: string[],
  options: Omit<ProgramOptions, "command"> = {},
): Promise<Finished> {
  const folder = options.folder ?? temporaryFolder();
  const child = Bun.spawn(command, {
    cwd: folder,
    env: environment(folder, options.env ?? {}),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: START_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  return { exitCode, stdout, stderr };
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "load-balancer-test-"));
}

/** User and system time of a process in ms, from /proc. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the name in brackets and may hold spaces: count from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_S;
}

/** Nothing of the caller's own environment: a MASTER_API_KEY there would change what is tested. */
function environment(folder: string, env: Record<string, string>): Record<string, string> {
  return { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: folder, PORT: "0", ...env };
}

function statusBytes(pid: number, field: "VmRSS" | "VmHWM"): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(
    readFileSync(`/proc/${pid}/status`, "latin1"),
  );
  if (line === null) throw new Error(`process ${pid} has ended`);
  return Number(line[1]) * 1_024;
}
