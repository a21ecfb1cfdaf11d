import type { AttemptRecord, Pool, RequestRecord } from "../src/types.ts";
import { Badge } from "./components/badge.tsx";
import { Fact, FactOf, Facts } from "./components/facts.tsx";
import { KeyChip } from "./components/key-chip.tsx";
import { PageHead } from "./components/page-head.tsx";
import { Stat } from "./components/stat.tsx";
import { bytes, count, duration, exact, fullTime, type Reader, UNKNOWN } from "./format.ts";
import { outcomeLook } from "./outcomes.ts";
import { STATUS_LOOKS } from "./statuses.tsx";
import { storyDetail, storyHeadline } from "./stories.ts";

export interface LogPageProps {
  request: RequestRecord;
  names: ReadonlyMap<string, string>;
  upstreams: ReadonlyMap<string, string>;
  pools: ReadonlyMap<string, Pool>;
  reader: Reader;
}

/** One request's story: what came of it, and each attempt on the time line. */
export function LogPage(props: LogPageProps) {
  const { request, reader } = props;
  const nameOf = (keyId: string) => props.names.get(keyId) ?? "a deleted key";
  const detail = storyDetail(request);
  return (
    <>
      <PageHead
        title="Request"
        crumb={{ href: "/logs", label: "Logs", rest: request.id }}
        verdict={fullTime(request.startedAt, reader)}
      />
      <section class="card">
        <p class="inside top story">
          <strong safe>{storyHeadline(request, nameOf)}</strong> <span safe>{detail}</span>
        </p>
        <RequestFigures request={request} />
      </section>
      <div class="columns">
        <section class="card">
          <header>
            <h2>Attempts on the time line</h2>
          </header>
          {request.attempts.length === 0 ? (
            <p class="inside soft">No key was tried.</p>
          ) : (
            <ol class="attempts">
              {request.attempts.map((attempt, at) => (
                <Attempt attempt={attempt} number={at + 1} {...props} />
              ))}
            </ol>
          )}
        </section>
        <RequestFacts {...props} />
      </div>
      {request.error !== null ? (
        <section class="card">
          <header>
            <h2>What the client was told</h2>
          </header>
          <p class="inside wrap-text">
            <bdi safe>{request.error}</bdi>
          </p>
        </section>
      ) : null}
    </>
  );
}

function RequestFigures(props: { request: RequestRecord }) {
  const { request } = props;
  const tokens = (request.inputTokens ?? 0) + (request.outputTokens ?? 0);
  const hasUsage = request.usageSource !== "none";
  return (
    <dl class="stats four">
      <Stat
        label="First byte"
        value={duration(request.ttftMs)}
        detail={request.stream ? "of a stream" : "of the whole answer"}
      />
      <Stat label="Whole" value={duration(request.durationMs)} detail={speed(request)} />
      <Stat
        label="Tokens"
        value={hasUsage ? count(tokens) : UNKNOWN}
        title={hasUsage ? exact(tokens) : undefined}
        detail={
          hasUsage
            ? `${count(request.inputTokens)} in, ${count(request.outputTokens)} out`
            : "the upstream named none"
        }
      />
      <Stat
        label="Size"
        value={bytes(request.responseBytes)}
        detail={`${bytes(request.requestBytes)} sent`}
      />
    </dl>
  );
}

function speed(request: RequestRecord): string {
  const streamedMs = request.durationMs - (request.ttftMs ?? 0);
  if (!request.stream || request.outputTokens === null || streamedMs <= 0) return "to the last byte";
  return `${exact(Math.round((1000 * request.outputTokens) / streamedMs))} tokens/s`;
}

function Attempt(props: LogPageProps & { attempt: AttemptRecord; number: number }) {
  const { attempt, request } = props;
  const look = outcomeLook(attempt.outcome);
  const total = Math.max(1, request.durationMs);
  const from = Math.max(0, attempt.startedAt - request.startedAt);
  const width = Math.max(0.5, (100 * attempt.durationMs) / total);
  return (
    <li>
      <div class="line">
        <span class="soft">{props.number}</span>
        <KeyChip id={attempt.keyId} name={props.names.get(attempt.keyId) ?? null} />
        <span class="push">
          <Badge
            looks={look.looks}
            word={attempt.status === null ? look.word : `${attempt.status} ${look.word}`}
            loud
          />
        </span>
      </div>
      <svg
        class={`time-line ${STATUS_LOOKS[look.looks].className}`}
        viewBox="0 0 100 12"
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <rect class="track" width="100" height="12" />
        <rect
          class="fill"
          x={Math.min(99.5, (100 * from) / total)}
          width={Math.min(100, width)}
          height="12"
        />
      </svg>
      <p class="sub wrap-text">
        <span
          safe
        >{`After ${duration(from)}, for ${duration(attempt.durationMs)}. Chosen: ${attempt.chosenBecause || UNKNOWN}.`}</span>{" "}
        {attempt.error !== null ? <bdi safe>{attempt.error}</bdi> : null}
      </p>
    </li>
  );
}

function RequestFacts(props: LogPageProps) {
  const { request } = props;
  const upstreams = [
    ...new Set(request.attempts.map((attempt) => props.upstreams.get(attempt.upstreamId) ?? UNKNOWN)),
  ];
  const look = outcomeLook(request.outcome);
  return (
    <section class="card">
      <header>
        <h2>Request</h2>
      </header>
      <div class="inside">
        <Facts>
          <FactOf label="Outcome">
            <Badge
              looks={look.looks}
              word={`${request.status} ${look.word}`}
              loud={request.outcome !== "ok"}
            />
          </FactOf>
          <Fact label="Endpoint" value={request.endpoint} mono />
          <Fact label="Model" value={request.model ?? UNKNOWN} mono />
          {request.servedModel !== null && request.servedModel !== request.model ? (
            <Fact label="Served model" value={request.servedModel} mono />
          ) : null}
          <Fact
            label="Pool"
            value={
              request.poolId === null ? "all keys" : (props.pools.get(request.poolId)?.name ?? "deleted pool")
            }
          />
          <Fact label="Upstream" value={upstreams.join(", ") || UNKNOWN} />
          <Fact label="Client" value={request.clientAddress} mono />
          <Fact label="Program" value={request.userAgent || UNKNOWN} />
          <Fact
            label="Cached"
            value={request.cachedTokens === null ? UNKNOWN : `${exact(request.cachedTokens)} tokens`}
          />
          <Fact
            label="Reasoning"
            value={request.reasoningTokens === null ? UNKNOWN : `${exact(request.reasoningTokens)} tokens`}
          />
          <Fact label="Usage from" value={request.usageSource} />
        </Facts>
      </div>
    </section>
  );
}
