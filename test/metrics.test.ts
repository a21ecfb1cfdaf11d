import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { startApp } from "./support/app.ts";
import { startFakeUpstream } from "./support/fake-upstream.ts";
import { ok } from "./support/openai-answers.ts";
import { rateLimited } from "./support/openai-errors.ts";
import { temporaryFolder } from "./support/process.ts";
import { needsTool } from "./support/tools.ts";

const METRICS_TOKEN = "a-token-for-scraping";
const scrape = (url: string, token = METRICS_TOKEN) =>
  fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });

const promtool = needsTool("promtool", "prometheus");
const prometheus = needsTool("prometheus", "prometheus");

/** One key that is limited, one that answers; some requests of each kind. */
async function startBusy() {
  const upstream = startFakeUpstream({
    keys: { "limited-key": rateLimited({ retryAfter: 60 }), "good-key": ok() },
  });
  const app = await startApp({
    upstream: upstream.url,
    keys: ["limited-key", "good-key"],
    settings: { model_prices: { "gpt-4o": { input: 1, output: 2 } } },
    env: { METRICS_TOKEN },
  });
  for (let index = 0; index < 5; index += 1) await (await app.chat()).text();
  await (await app.chat({ model: 'made"up\n' })).text();
  return { upstream, app };
}

test("/metrics counts requests, attempts, tokens, cost and times; for those who may read it", async () => {
  const { upstream, app } = await startBusy();
  const answer = await scrape(app.url);
  expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  const lines = (await answer.text()).split("\n");
  const value = (name: string) =>
    Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? Number.NaN);
  const input = upstream.calls.reduce((sum, { usage }) => sum + (usage?.inputTokens ?? 0), 0);
  const output = upstream.calls.reduce((sum, { usage }) => sum + (usage?.outputTokens ?? 0), 0);
  expect(value('lb_requests_total{outcome="ok",model="gpt-4o"}')).toBe(5);
  expect(value('lb_requests_total{outcome="ok",model="made\\"up\\n"}')).toBe(1);
  expect(value('lb_attempts_total{outcome="ok"}')).toBe(6);
  expect(value('lb_attempts_total{outcome="rate_limited"}')).toBe(1);
  expect(value("lb_failovers_total")).toBe(1);
  expect(value('lb_tokens_total{direction="input"}')).toBe(input);
  expect(value('lb_tokens_total{direction="output"}')).toBe(output);
  expect(value("lb_cost_usd_total")).toBeGreaterThan(0);
  expect(value('lb_keys{status="available"}')).toBe(1);
  expect(value('lb_keys{status="cooling"}')).toBe(1);
  expect(value("lb_request_duration_seconds_count")).toBe(6);
  expect(value('lb_request_duration_seconds_bucket{le="+Inf"}')).toBe(6);
  expect(value('lb_ttft_seconds_bucket{le="120"}')).toBe(6);
  expect(value("lb_requests_in_flight")).toBe(0);
  expect(value("lb_database_size_bytes")).toBeGreaterThan(4_096);
  expect(value("lb_event_loop_lag_seconds")).toBeGreaterThanOrEqual(0);

  expect((await scrape(app.url, "test-admin-api-token")).status).toBe(200);
  expect((await scrape(app.url, "wrong")).status).toBe(401);
  const refused = await fetch(`${app.url}/metrics`);
  expect([refused.status, (await refused.text()).includes("lb_")]).toEqual([401, false]);
  await app[Symbol.asyncDispose]();
  upstream.close();
});

test("a thousand made-up models are one label", async () => {
  const { RequestCounts } = await import("../src/record/metrics.ts");
  const { aRequest } = await import("./storage/builders.ts");
  const counts = new RequestCounts();
  for (let index = 0; index < 1_000; index += 1) {
    counts.ended(aRequest({ model: `made-up-${index}`, outcome: "model_unavailable" }));
    counts.ended(aRequest({ model: `real-${index}` }));
  }
  expect([...(counts.requests.get("model_unavailable") ?? [])]).toEqual([["other", 1_000]]);
  expect(counts.requests.get("ok")?.size).toBe(101);
  expect(counts.requests.get("ok")?.get("other")).toBe(900);
});

promtool.test("promtool finds nothing to say", async () => {
  const { upstream, app } = await startBusy();
  const text = await (await scrape(app.url)).text();
  const check = Bun.spawn([promtool.path, "check", "metrics"], {
    stdin: new TextEncoder().encode(text),
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = (await new Response(check.stdout).text()) + (await new Response(check.stderr).text());
  expect([await check.exited, said]).toEqual([0, ""]);
  await app[Symbol.asyncDispose]();
  upstream.close();
});

prometheus.test(
  "a real Prometheus scrapes it, and the dashboard's queries find something",
  async () => {
    const { upstream, app } = await startBusy();
    const folder = temporaryFolder();
    const { host } = new URL(app.url);
    await Bun.write(
      join(folder, "prometheus.yml"),
      `scrape_configs:
  - job_name: load-balancer
    scrape_interval: 1s
    authorization: { credentials: ${METRICS_TOKEN} }
    static_configs: [{ targets: ["${host}"] }]
`,
    );
    const port = await freePort();
    const server = Bun.spawn(
      [
        prometheus.path,
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdout: "ignore", stderr: "ignore" },
    );
    // Also where an expectation fails: it must not outlive the test.
    using _ = { [Symbol.dispose]: () => server.kill() };
    const ask = async (query: string): Promise<unknown[]> => {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
      const response = await fetch(url).catch(() => null);
      // Not ready yet: 503 with a line of text.
      if (response === null || response.status === 503) return [];
      const answer = (await response.json()) as Answer;
      if (answer.status === "error") throw new Error(`${query}: ${answer.error}`);
      return answer.data?.result ?? [];
    };
    const until = Date.now() + UNTIL_SCRAPED_MS;
    // Two scrapes: a rate needs them.
    while ((await ask("count_over_time(up[1m]) >= 2")).length === 0 && Date.now() < until)
      await Bun.sleep(200);
    expect(await ask("up == 1")).toHaveLength(1);
    expect(await ask("sum(lb_requests_total) == 6")).toHaveLength(1);
    const queries = await dashboardQueries();
    expect(queries.length).toBeGreaterThan(12);
    const empty: string[] = [];
    for (const query of queries) if ((await ask(query)).length === 0) empty.push(query);
    expect(empty).toEqual([]);
    server.kill();
    await server.exited;
    await app[Symbol.asyncDispose]();
    upstream.close();
    rmSync(folder, { recursive: true, force: true });
  },
  60_000,
);

const UNTIL_SCRAPED_MS = 20_000;

interface Answer {
  status: string;
  error?: string;
  data?: { result: unknown[] };
}

interface Dashboard {
  panels: { title: string; targets?: { expr: string }[] }[];
}

/** With Grafana's variables filled in as Grafana does it. */
async function dashboardQueries(): Promise<string[]> {
  const path = join(import.meta.dir, "../deploy/grafana-dashboard.json");
  const dashboard = (await Bun.file(path).json()) as Dashboard;
  return dashboard.panels
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((expr) => expr.replaceAll("$__rate_interval", "1m").replaceAll('job=~"$job"', 'job=~".+"'));
}

async function freePort(): Promise<number> {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
