/**
 * What the way out costs, against `fetch` and `node:http`: CPU of this side alone, for JSON and for streams.
 * Every figure comes from a process of its own, the rounds are interleaved, the upstream is another process.
 * `bun bench/upstream-client.ts`
 */
import http from "node:http";
import { systemClock } from "../src/clock.ts";
import { createUpstreamClient } from "../src/upstream/client.ts";

const ROUNDS = 3;
const WARM_UP_MS = 500;
const JSON_MS = 3_000;
const STREAMS = 500;
const CHUNKS = 41;
const CHUNK_EVERY_MS = 50;
const BODY = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "x".repeat(540) }] });
const EVENT = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "hello world " } }] })}\n\n`;
/** fetch queues silently beyond 256 otherwise. */
const FETCH_CAP = { BUN_CONFIG_MAX_HTTP_REQUESTS: "2000" };
const TIMEOUTS = { connectTimeoutMs: 10_000, firstByteTimeoutMs: 30_000, idleTimeoutMs: 30_000 };

/** Sends one request; resolves with the number of chunks when the answer was read to its end. */
type Ask = (url: string, onFirstChunk: () => void) => Promise<number>;

interface Figures {
  /** Requests or chunks. */
  units: number;
  cpuUs: number;
  seconds: number;
  firstChunkP99Ms: number;
  peakMb: number;
}

function byOwnClient(): Ask {
  const client = createUpstreamClient({ clock: systemClock });
  const body = Buffer.from(BODY);
  return async (url, onFirstChunk) => {
    const headers: [string, string][] = [["content-type", "application/json"]];
    const answer = await client.send({ method: "POST", url, headers, body }, TIMEOUTS).answer;
    return new Promise((resolve, reject) => {
      let chunks = 0;
      answer.read({
        onData: () => {
          if (++chunks === 1) onFirstChunk();
        },
        onEnd: () => resolve(chunks),
        onError: reject,
      });
    });
  };
}

function byFetch(): Ask {
  const headers = { "content-type": "application/json" };
  return async (url, onFirstChunk) => {
    const answer = await fetch(url, { method: "POST", body: BODY, headers, decompress: false });
    let chunks = 0;
    const reader = answer.body!.getReader();
    while (!(await reader.read()).done) if (++chunks === 1) onFirstChunk();
    return chunks;
  };
}

function byNodeHttp(): Ask {
  const agent = new http.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(BODY) };
  return (url, onFirstChunk) =>
    new Promise((resolve, reject) => {
      const request = http.request(url, { method: "POST", agent, headers }, (answer) => {
        let chunks = 0;
        answer.on("data", () => {
          if (++chunks === 1) onFirstChunk();
        });
        answer.on("end", () => resolve(chunks)).on("error", reject);
      });
      request.on("error", reject).end(BODY);
    });
}

const CLIENTS: Record<string, () => Ask> = { own: byOwnClient, fetch: byFetch, "node:http": byNodeHttp };

/** As many requests as fit into the time, `connections` at once. */
function jsonScene(connections: number) {
  return async (ask: Ask, base: string): Promise<Figures> => {
    await askFor(WARM_UP_MS, connections, ask, base);
    return measured(() => askFor(JSON_MS, connections, ask, base));
  };
}

async function askFor(ms: number, connections: number, ask: Ask, base: string): Promise<number> {
  const end = performance.now() + ms;
  let count = 0;
  const loop = async () => {
    while (performance.now() < end) {
      await ask(`${base}/json`, () => {});
      count++;
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
  return count;
}

async function streamScene(ask: Ask, base: string): Promise<Figures> {
  await askFor(WARM_UP_MS, 16, ask, base);
  const waits: number[] = [];
  const figures = await measured(async () => {
    const counts = await Promise.all(
      Array.from({ length: STREAMS }, () => {
        const start = performance.now();
        return ask(`${base}/stream`, () => waits.push(performance.now() - start));
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  });
  waits.sort((a, b) => a - b);
  // Chunks that a client merged would make it look dear: what was sent is counted.
  return { ...figures, units: STREAMS * CHUNKS, firstChunkP99Ms: waits[Math.floor(waits.length * 0.99)]! };
}

const SCENES: Record<string, (ask: Ask, base: string) => Promise<Figures>> = {
  "JSON, 64 connections (a request)": jsonScene(64),
  "JSON, 256 connections (a request)": jsonScene(256),
  [`${STREAMS} SSE streams (a chunk)`]: streamScene,
};

async function measured(work: () => Promise<number>): Promise<Figures> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const units = await work();
  const used = process.cpuUsage(cpu);
  return {
    units,
    cpuUs: used.user + used.system,
    seconds: (performance.now() - start) / 1_000,
    firstChunkP99Ms: 0,
    peakMb: process.resourceUsage().maxRSS / 1_024,
  };
}

function serveUpstream(): void {
  const event = Buffer.from(EVENT);
  const json = JSON.stringify({ choices: [{ message: { role: "assistant", content: "y".repeat(540) } }] });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: async (request) => {
      await request.arrayBuffer();
      if (request.url.endsWith("/json"))
        return new Response(json, { headers: { "content-type": "application/json" } });
      let left = CHUNKS;
      const body = new ReadableStream({
        start(controller) {
          const timer = setInterval(() => {
            controller.enqueue(event);
            if (--left > 0) return;
            clearInterval(timer);
            controller.close();
          }, CHUNK_EVERY_MS);
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
  });
  console.log(`http://127.0.0.1:${server.port}`);
}

async function runScene(scene: string, client: string, base: string): Promise<Figures> {
  const child = Bun.spawn([process.execPath, import.meta.path, "scene", scene, client, base], {
    env: FETCH_CAP,
    stderr: "inherit",
  });
  return JSON.parse(await new Response(child.stdout).text());
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Prints one table: the medians of all rounds. */
export async function run(): Promise<void> {
  const upstream = Bun.spawn([process.execPath, import.meta.path, "upstream"], { stderr: "inherit" });
  const first = await upstream.stdout.getReader().read();
  const base = new TextDecoder().decode(first.value).trim();
  console.log(
    "| scene | client | CPU µs | units/s | first chunk p99, ms | peak MB |\n|---|---|---|---|---|---|",
  );
  for (const scene of Object.keys(SCENES)) {
    const all = new Map<string, Figures[]>(Object.keys(CLIENTS).map((client) => [client, []]));
    for (let round = 0; round < ROUNDS; round++)
      for (const [client, figures] of all) figures.push(await runScene(scene, client, base));
    for (const [client, figures] of all) {
      const cells = [
        median(figures.map(({ cpuUs, units }) => cpuUs / units)).toFixed(1),
        median(figures.map(({ units, seconds }) => units / seconds)).toFixed(0),
        median(figures.map(({ firstChunkP99Ms }) => firstChunkP99Ms)).toFixed(0),
        median(figures.map(({ peakMb }) => peakMb)).toFixed(0),
      ];
      console.log(`| ${scene} | ${client} | ${cells.join(" | ")} |`);
    }
  }
  upstream.kill();
  await upstream.exited;
}

if (import.meta.main) {
  const [mode, scene, client, base] = process.argv.slice(2);
  if (mode === "upstream") serveUpstream();
  else if (mode === "scene") {
    console.log(JSON.stringify(await SCENES[scene!]!(CLIENTS[client!]!(), base!)));
    process.exit(0);
  } else await run();
}
