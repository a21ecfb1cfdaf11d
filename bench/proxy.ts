/**
 * What the executable costs beside nginx: the same chat request over the same loopback upstream, each proxy alone on
 * its core, load and upstream on the other. Rounds are interleaved, so that a slow moment of the machine meets both.
 */
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { startExecutable } from "../test/support/executable.ts";
import { findTool, missingTool } from "../test/support/find-tool.ts";
import { cpuMs, startProgram } from "../test/support/process.ts";
import { startNginx } from "./support/nginx.ts";
import { type LoadResult, runLoad } from "./support/wrk.ts";

const CONNECTIONS = 64;
const SECRETS = Array.from({ length: 10 }, (_, n) => `sk-bench-${n}-0123456789abcdef`);
const ROUNDS = 5;
const SECONDS = 4;
/** A compiler that works beside the program needs tens of thousands of requests: what is measured is what comes after. */
const WARM_UP_SECONDS = 8;
const PROXY_CORE = 0;
const LOAD_CORE = 1;
/** Runnable processes before the start, averaged over a minute. */
const BUSY_LOAD = 0.5;

interface Contestant {
  name: string;
  url: string;
  pid: number;
}

interface Round extends LoadResult {
  cpuUs: number;
}

export async function runProxyScene(): Promise<void> {
  const [nginxPath, wrk] = [tool("nginx", "nginx-light"), tool("wrk", "wrk")];
  if (cpus().length < 2) throw new Error("two cores are needed: one for the proxy, one for the load");
  const load = loadavg()[0]!;
  if (load > BUSY_LOAD)
    console.log(`The machine is busy (load ${load.toFixed(1)}): the figures may mislead.`);
  await using upstream = await startProgram({
    command: [process.execPath, join(import.meta.dir, "support/raw-upstream.ts")],
    cores: String(LOAD_CORE),
  });
  await using nginx = await startNginx(nginxPath, upstream.url, PROXY_CORE);
  await using balancer = await startExecutable({ env: { LOG_LEVEL: "warn" }, cores: String(PROXY_CORE) });
  await balancer.setUp(`${upstream.url}/v1`, SECRETS);
  const contestants = [
    { name: "nginx", url: nginx.url, pid: nginx.workerPid },
    { name: "load-balancer", url: balancer.url, pid: balancer.pid },
  ];
  const alone = await runLoad({
    wrk,
    url: upstream.url,
    connections: CONNECTIONS,
    seconds: WARM_UP_SECONDS,
    core: LOAD_CORE,
  });
  console.log(
    `  no proxy: ${alone.requestsPerS.toFixed(0)} requests/s is what load and upstream can do on their core`,
  );
  const rounds = await race(contestants, wrk);
  report(contestants, rounds, balancer.peakRssBytes());
  const asked = rounds.get("load-balancer")!.reduce((sum, { requests }) => sum + requests, 0);
  const counted = (await balancer.keys()).reduce((sum, key) => sum + key.request_count, 0);
  // Key choice and counting were really on.
  if (counted < asked) throw new Error(`the keys counted ${counted} attempts of ${asked} requests`);
}

async function race(contestants: Contestant[], wrk: string): Promise<Map<string, Round[]>> {
  const load = { wrk, connections: CONNECTIONS, core: LOAD_CORE };
  for (const { url } of contestants) await runLoad({ ...load, url, seconds: WARM_UP_SECONDS });
  const rounds = new Map<string, Round[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 1; round <= ROUNDS; round++) {
    for (const { name, url, pid } of contestants) {
      const before = cpuMs(pid);
      const result = await runLoad({ ...load, url, seconds: SECONDS });
      const cpuUs = ((cpuMs(pid) - before) * 1_000) / result.requests;
      rounds.get(name)!.push({ ...result, cpuUs });
      const figures = `${result.requestsPerS.toFixed(0)} requests/s, ${cpuUs.toFixed(1)} CPU µs a request`;
      console.log(`  round ${round}  ${name.padEnd(13)}  ${figures}, ${result.errors} errors`);
    }
  }
  return rounds;
}

function report(contestants: Contestant[], rounds: Map<string, Round[]>, peakRssBytes: number): void {
  console.log(`\n| median of ${ROUNDS} rounds | requests/s | CPU µs a request | p50 ms | p99 ms | errors |`);
  console.log("|---|---|---|---|---|---|");
  for (const { name } of contestants) {
    const all = rounds.get(name)!;
    const middle = (figure: keyof Round) => median(all.map((round) => round[figure]));
    const errors = all.reduce((sum, round) => sum + round.errors, 0);
    const cells = [
      middle("requestsPerS").toFixed(0),
      middle("cpuUs").toFixed(1),
      middle("p50Ms").toFixed(2),
      middle("p99Ms").toFixed(2),
      errors,
    ];
    console.log(`| ${name} | ${cells.join(" | ")} |`);
    if (errors > 0) process.exitCode = 1;
  }
  const [first, second] = contestants.map(({ name }) =>
    median(rounds.get(name)!.map((round) => round.requestsPerS)),
  );
  console.log(
    `\nratio ${(second! / first!).toFixed(2)}, peak memory ${(peakRssBytes / 2 ** 20).toFixed(0)} MiB`,
  );
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function tool(command: string, debianPackage: string): string {
  const path = findTool(command);
  if (path === null) throw new Error(missingTool(command, debianPackage));
  return path;
}
