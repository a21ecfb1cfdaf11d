import { Elysia } from "elysia";
import type { Histogram, Registry } from "prom-client";
import type { RequestCounts, Times } from "./record/metrics.ts";
import type { RecorderState } from "./record/recorder.ts";

export interface MetricsDeps {
  version: string;
  counts: RequestCounts;
  keysByStatus(): Record<string, number>;
  inFlight(): number;
  /** Requests that wait for a key. */
  waiting(): number;
  recorder(): RecorderState;
  loopLagMs(): number;
  databaseBytes(): Promise<number>;
  startedAt: number;
  /** METRICS_TOKEN, the admin token or a session. */
  mayRead(request: Request): Promise<boolean>;
}

/**
 * `GET /metrics` as Prometheus reads it. The registry is filled when it is asked for, and the library (15 MB of memory,
 * 10 ms of the start) loaded when it is asked for the first time.
 */
export function createMetricsRoute(deps: MetricsDeps) {
  let made: Promise<Registry> | null = null;
  return new Elysia({ name: "metrics" }).get("/metrics", async ({ request }) => {
    if (!(await deps.mayRead(request))) return new Response(UNAUTHORIZED, { status: 401, headers: REFUSED });
    made ??= createRegistry(deps);
    const registry = await made;
    const text = await registry.metrics();
    return new Response(text, {
      headers: { "content-type": registry.contentType, "cache-control": "no-store" },
    });
  });
}

const UNAUTHORIZED = "Send the header Authorization: Bearer METRICS_TOKEN, or ADMIN_API_TOKEN.\n";
const REFUSED = {
  "www-authenticate": "Bearer",
  "cache-control": "no-store",
  "content-type": "text/plain; charset=utf-8",
};

type Labels = Record<string, string>;
type Sample = [value: number, labels?: Labels];
interface Metric {
  kind: "counter" | "gauge";
  help: string;
  labels?: string[];
  read(deps: MetricsDeps): Iterable<Sample> | Promise<Iterable<Sample>>;
}

const one = (value: number): Sample[] => [[value]];

/** Every metric but the two histograms. */
const METRICS: Record<string, Metric> = {
  lb_requests_total: {
    kind: "counter",
    help: "Client requests that ended, by outcome and model; models beyond 100 and those that never answered are other.",
    labels: ["outcome", "model"],
    *read({ counts }) {
      for (const [outcome, models] of counts.requests) {
        for (const [model, count] of models) yield [count, { outcome, model }];
      }
    },
  },
  lb_attempts_total: {
    kind: "counter",
    help: "Upstream calls, by outcome.",
    labels: ["outcome"],
    *read({ counts }) {
      for (const [outcome, count] of counts.attempts) yield [count, { outcome }];
    },
  },
  lb_failovers_total: {
    kind: "counter",
    help: "Requests that were answered after more than one attempt.",
    read: ({ counts }) => one(counts.failovers),
  },
  lb_tokens_total: {
    kind: "counter",
    help: "Tokens, estimated ones too. Input has the cached ones, output those of reasoning.",
    labels: ["direction"],
    read: ({ counts }) => [
      [counts.inputTokens, { direction: "input" }],
      [counts.outputTokens, { direction: "output" }],
    ],
  },
  lb_cached_input_tokens_total: {
    kind: "counter",
    help: "Input tokens that came from an upstream's cache.",
    read: ({ counts }) => one(counts.cachedTokens),
  },
  lb_reasoning_tokens_total: {
    kind: "counter",
    help: "Output tokens that were reasoning.",
    read: ({ counts }) => one(counts.reasoningTokens),
  },
  lb_estimated_requests_total: {
    kind: "counter",
    help: "Requests whose tokens were estimated.",
    read: ({ counts }) => one(counts.estimated),
  },
  lb_cost_usd_total: {
    kind: "counter",
    help: "Cost in USD of the requests whose price is known.",
    read: ({ counts }) => one(counts.costUsd),
  },
  lb_keys: {
    kind: "gauge",
    help: "Keys, by status.",
    labels: ["status"],
    *read({ keysByStatus }) {
      for (const [status, count] of Object.entries(keysByStatus())) yield [count, { status }];
    },
  },
  lb_requests_in_flight: {
    kind: "gauge",
    help: "Client requests that are being served.",
    read: ({ inFlight }) => one(inFlight()),
  },
  lb_requests_waiting: {
    kind: "gauge",
    help: "Client requests that wait for a key.",
    read: ({ waiting }) => one(waiting()),
  },
  lb_recorder_queue: {
    kind: "gauge",
    help: "Records that wait to be written.",
    read: ({ recorder }) => one(recorder().queued),
  },
  lb_recorder_dropped_total: {
    kind: "counter",
    help: "Records that were dropped because storage could not be written.",
    read: ({ recorder }) => one(recorder().dropped),
  },
  lb_recorder_dropped_bodies_total: {
    kind: "counter",
    help: "Requests whose bodies were to be kept and were not, because too many waited to be written.",
    read: ({ recorder }) => one(recorder().droppedBodies),
  },
  lb_event_loop_lag_seconds: {
    kind: "gauge",
    help: "The longest time of the last 30 to 60 s in which the program stood still.",
    read: ({ loopLagMs }) => one(loopLagMs() / 1_000),
  },
  lb_database_size_bytes: {
    kind: "gauge",
    help: "Size of the database.",
    read: async ({ databaseBytes }) => one(await databaseBytes()),
  },
  lb_build_info: {
    kind: "gauge",
    help: "Always 1; the label is the version.",
    labels: ["version"],
    read: ({ version }) => [[1, { version }]],
  },
  process_start_time_seconds: {
    kind: "gauge",
    help: "When the process started, in seconds since 1970.",
    read: ({ startedAt }) => one(startedAt / 1_000),
  },
  process_cpu_seconds_total: {
    kind: "counter",
    help: "CPU time of the process.",
    read: () => {
      const { user, system } = process.cpuUsage();
      return one((user + system) / 1_000_000);
    },
  },
  process_resident_memory_bytes: {
    kind: "gauge",
    help: "Memory of the process.",
    read: () => one(process.memoryUsage.rss()),
  },
};

async function createRegistry(deps: MetricsDeps): Promise<Registry> {
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  for (const [name, { kind, help, labels = [], read }] of Object.entries(METRICS)) {
    const options = { name, help, labelNames: labels, registers: [registry] };
    if (kind === "gauge") {
      new Gauge({
        ...options,
        async collect() {
          this.reset();
          for (const [value, of = {}] of await read(deps)) this.set(of, value);
        },
      });
    } else {
      new Counter({
        ...options,
        async collect() {
          this.reset();
          for (const [value, of = {}] of await read(deps)) this.inc(of, value);
        },
      });
    }
  }
  const { ttft, duration } = deps.counts;
  registry.registerMetric(filled("lb_ttft_seconds", "From the request to the answer's first byte.", ttft));
  registry.registerMetric(
    filled("lb_request_duration_seconds", "From the request to the answer's last byte.", duration),
  );
  return registry;
}

/** The library's own histogram can only be filled value by value: this one reads what was counted already. */
function filled(name: string, help: string, times: Times): Histogram {
  const metric = {
    name,
    help,
    type: "histogram",
    async get() {
      let below = 0;
      const buckets = times.boundsMs.map((bound, place) => {
        below += times.counts[place] as number;
        return { metricName: `${name}_bucket`, labels: { le: bound / 1_000 }, value: below };
      });
      const values = [
        ...buckets,
        { metricName: `${name}_bucket`, labels: { le: "+Inf" }, value: times.count },
        { metricName: `${name}_sum`, labels: {}, value: times.sumMs / 1_000 },
        { metricName: `${name}_count`, labels: {}, value: times.count },
      ];
      return { name, help, type: "histogram", aggregator: "sum", values };
    },
  };
  return metric as unknown as Histogram;
}
