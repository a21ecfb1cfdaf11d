import { describe, expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { rateLimited } from "../support/openai-errors.ts";

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code: number };
  attributes: { key: string; value: Record<string, unknown> }[];
}

const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

/** A collector that keeps what it is sent. */
function startCollector(status = 200) {
  const spans: Span[] = [];
  const resources: unknown[] = [];
  const tokens: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      tokens.push(request.headers.get("x-token"));
      const { resourceSpans } = (await request.json()) as {
        resourceSpans: { resource: unknown; scopeSpans: { spans: Span[] }[] }[];
      };
      for (const { resource, scopeSpans } of resourceSpans) {
        resources.push(resource);
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      return new Response("{}", { status });
    },
  });
  return {
    spans,
    resources,
    tokens,
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

const attributeOf = (span: Span, key: string) => {
  const value = span.attributes.find((one) => one.key === key)?.value;
  return value === undefined ? undefined : Object.values(value)[0];
};

describe("traces", () => {
  test("one span a request and one an attempt, within the client's trace, and the upstream is told", async () => {
    using collector = startCollector();
    using upstream = startFakeUpstream({ fallback: rateLimited({ retryAfter: 30 }) });
    {
      await using app = await startApp({
        upstream: upstream.url,
        keys: ["key-a-123", "key-b-123"],
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
          OTEL_EXPORTER_OTLP_HEADERS: "X-Token=s%20e",
          OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
        },
      });
      const headers = { "content-type": "application/json", traceparent: `00-${TRACE}-${PARENT}-01` };
      expect((await app.chat({}, { headers })).status).toBe(429);
      expect((await app.chat()).status).toBe(429);
    }
    const ours = collector.spans.filter(({ traceId }) => traceId === TRACE);
    const request = ours.find(({ kind }) => kind === SERVER)!;
    const attempts = ours.filter(({ kind }) => kind === CLIENT);
    expect([request.parentSpanId, request.name]).toEqual([PARENT, "/v1/chat/completions"]);
    expect(attempts.map(({ parentSpanId, name }) => [parentSpanId, name])).toEqual([
      [request.spanId, "chat gpt-4o"],
      [request.spanId, "chat gpt-4o"],
    ]);
    expect(attempts.map((span) => [attributeOf(span, "error.type"), span.status.code])).toEqual([
      ["rate_limited", ERROR],
      ["rate_limited", ERROR],
    ]);
    expect(attributeOf(request, "gen_ai.request.model")).toBe("gpt-4o");
    expect(Number(attributeOf(request, "http.response.status_code"))).toBe(429);
    for (const { startTimeUnixNano, endTimeUnixNano } of ours) {
      const ms = (Number(endTimeUnixNano) - Number(startTimeUnixNano)) / 1e6;
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(Math.abs(Number(startTimeUnixNano) / 1e6 - Date.now())).toBeLessThan(60_000);
    }
    const told = upstream.calls.slice(0, 2).map((call) => call.header("traceparent"));
    expect(told).toEqual(Array(2).fill(`00-${TRACE}-${request.spanId}-01`));
    // The second request began a trace of its own.
    expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(2);
    expect(new Set(collector.tokens)).toEqual(new Set(["s e"]));
    expect(JSON.stringify(collector.resources)).toContain("deployment.environment.name");
    expect(JSON.stringify(collector.spans)).not.toContain("key-a-123");
  });

  test("what the sampler leaves out is not sent, and the upstream is told that too", async () => {
    using collector = startCollector();
    using upstream = startFakeUpstream();
    {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: "always_off" };
      await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"], env });
      expect((await app.chat()).status).toBe(200);
    }
    expect(collector.spans).toEqual([]);
    expect(upstream.calls.at(-1)?.header("traceparent")).toEndWith("-00");
  });

  test("without a collector the client's header passes as it is", async () => {
    using upstream = startFakeUpstream();
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    const traceparent = `00-${TRACE}-${PARENT}-01`;
    await app.chat({}, { headers: { "content-type": "application/json", traceparent } });
    expect(upstream.calls.at(-1)?.header("traceparent")).toBe(traceparent);
  });

  test("a collector that refuses costs no request, and the log says so once", async () => {
    using collector = startCollector(503);
    using upstream = startFakeUpstream();
    const app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123"],
      env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/anywhere` },
    });
    for (let n = 0; n < 5; n += 1) expect((await app.chat()).status).toBe(200);
    await app[Symbol.asyncDispose]();
    expect(app.log.filter((line) => line.includes("traces cannot be handed over"))).toHaveLength(1);
  });
});
