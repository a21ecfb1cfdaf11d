import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Logger } from "./log.ts";
import { Traces } from "./record/traces.ts";
import { postOnce } from "./upstream/post.ts";
import type { UpstreamClient } from "./upstream/types.ts";

/** Null where the environment names no collector. */
export function createTraces(
  config: Config,
  { clock, log, client }: { clock: Clock; log: Logger; client: UpstreamClient },
): Traces | null {
  const { otelDisabled, otelTracesEndpoint, otelEndpoint, otelHeaders } = config;
  const url = otelTracesEndpoint ?? (otelEndpoint === undefined ? null : `${otelEndpoint}/v1/traces`);
  if (url === null || otelDisabled) return null;
  const names = otelHeaders.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const headers: [string, string][] = [["content-type", "application/json"], ...names];
  return new Traces({
    clock,
    log,
    serviceName: config.otelServiceName,
    attributes: config.otelResourceAttributes,
    sampler: config.otelSampler,
    ratio: config.otelSamplerArg,
    post: (body) => postOnce(client, url, headers, body),
  });
}
