import type { Pool, RequestRecord } from "../src/types.ts";
import { attr } from "./attr.ts";
import { AttemptList } from "./components/attempt-list.tsx";
import { Badge } from "./components/badge.tsx";
import { CodeBlock } from "./components/code-block.tsx";
import { Fact, FactOf, Facts } from "./components/facts.tsx";
import { Icon, type IconName } from "./components/icon.tsx";
import { KeptExchange } from "./components/kept-exchange.tsx";
import { PageHead } from "./components/page-head.tsx";
import { Stat } from "./components/stat.tsx";
import { bytes, count, duration, exact, fullTime, type Reader, UNKNOWN, usd } from "./format.ts";
import { keptBody, logCurl } from "./log-sample.ts";
import { outcomeLook } from "./outcomes.ts";
import { storyDetail, storyHeadline } from "./stories.ts";
import { tokenSpeed } from "./token-speed.ts";

export interface LogPageProps {
  request: RequestRecord;
  /** Of keys that still exist, by id. */
  names: ReadonlyMap<string, string>;
  /** Names, by id. */
  upstreams: ReadonlyMap<string, string>;
  pools: ReadonlyMap<string, Pool>;
  /** Where clients reach this program: `http://127.0.0.1:4270`. */
  origin: string;
  reader: Reader;
}

/** One request's story: what came of it, and each attempt on the time line. */
export function LogPage(props: LogPageProps) {
  const { request, reader } = props;
  return (
    <>
      <PageHead
        title="Request"
        crumb={{ href: "/logs", label: "Logs", rest: request.id }}
        verdict={fullTime(request.startedAt, reader)}
      />
      <section class="card">
        <Story {...props} />
      </section>
      {request.error !== null ? (
        <section class="card">
          <header>
            <h2>What the client was told</h2>
          </header>
          <ErrorText error={request.error} />
        </section>
      ) : null}
      <div class="columns">
        <section class="card">
          <header>
            <h2>Attempts on the time line</h2>
          </header>
          <AttemptList {...props} />
        </section>
        <section class="card">
          <header>
            <h2>Request</h2>
          </header>
          <div class="inside">
            <RequestFacts {...props} />
          </div>
        </section>
      </div>
      <section class="card">
        <header>
          <h2>Headers and bodies</h2>
        </header>
        <div class="inside">
          <KeptExchange request={request} />
        </div>
      </section>
      <section class="card inside top">
        <AgainAsCurl {...props} />
      </section>
    </>
  );
}

/** The same in the dialog, beside the list. */
export function LogDrawer(props: LogPageProps) {
  const { request, reader } = props;
  return (
    <article class="drawer">
      <header>
        <h2 id="dialog-title">Request</h2>
        <span class="line">
          <Step of={request} label="Newer request" to="previousElementSibling" icon="arrow-up" />
          <Step of={request} label="Older request" to="nextElementSibling" icon="arrow-down" isFirst />
          <a class="btn small" href={`/logs/${attr(encodeURIComponent(request.id))}`}>
            Open as page
          </a>
          <button type="button" class="bare icon-only" aria-label="Close" data-close>
            <Icon name="close" />
          </button>
        </span>
      </header>
      <p class="soft" safe>
        {fullTime(request.startedAt, reader)}
      </p>
      <section>
        <Story {...props} />
      </section>
      {request.error !== null ? (
        <section>
          <h3>What the client was told</h3>
          <ErrorText error={request.error} />
        </section>
      ) : null}
      <section>
        <h3>Attempts on the time line</h3>
        <AttemptList {...props} />
      </section>
      <section>
        <h3>Request</h3>
        <RequestFacts {...props} />
      </section>
      <section>
        <h3>Headers and bodies</h3>
        <div class="inside">
          <KeptExchange request={request} />
        </div>
      </section>
      <AgainAsCurl {...props} />
    </article>
  );
}

/** To the story of the row beside the one that was opened, as long as the list shows it (`app.js`). */
function Step(props: {
  of: RequestRecord;
  label: string;
  to: "previousElementSibling" | "nextElementSibling";
  icon: IconName;
  isFirst?: boolean;
}) {
  return (
    <button
      type="button"
      class="small icon-only"
      aria-label={props.label}
      title={props.label}
      data-step={props.to}
      data-of={`request-${attr(props.of.id)}`}
      autofocus={props.isFirst}
    >
      <Icon name={props.icon} size={14} />
    </button>
  );
}

function Story(props: LogPageProps) {
  const { request } = props;
  const nameOf = (keyId: string) => props.names.get(keyId) ?? "a deleted key";
  return (
    <>
      <p class="inside top story">
        <strong safe>{storyHeadline(request, nameOf)}</strong> <span safe>{storyDetail(request)}</span>
      </p>
      <RequestFigures request={request} />
    </>
  );
}

function ErrorText(props: { error: string }) {
  return (
    <p class="inside wrap-text">
      <bdi safe>{props.error}</bdi>
    </p>
  );
}

function AgainAsCurl({ request, pools, origin }: LogPageProps) {
  const pool = request.poolId === null ? undefined : pools.get(request.poolId);
  const path = pool === undefined ? "/v1" : `/pools/${encodeURIComponent(pool.name)}/v1`;
  return (
    <div class="again">
      <CodeBlock id="log-curl" label="curl" code={logCurl(origin + path, request)} />
      {keptBody(request) === null ? (
        <p class="help">A short text stands in place of what the client asked.</p>
      ) : null}
    </div>
  );
}

const USAGE_SOURCES: Record<RequestRecord["usageSource"], string> = {
  upstream: "told by the upstream",
  estimated: "estimated",
  none: "not known",
};

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
      <Stat
        label="Whole"
        value={duration(request.durationMs)}
        detail={tokenSpeed(request) ?? "to the last byte"}
      />
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
        label="Cost"
        value={usd(request.costUsd)}
        detail={request.costUsd === null ? "no price known" : `usage ${USAGE_SOURCES[request.usageSource]}`}
      />
    </dl>
  );
}

function RequestFacts(props: LogPageProps) {
  const { request } = props;
  const upstreams = [
    ...new Set(request.attempts.map((attempt) => props.upstreams.get(attempt.upstreamId) ?? UNKNOWN)),
  ];
  const look = outcomeLook(request.outcome);
  return (
    <Facts>
      <FactOf label="Id">
        <bdi class="mono wrap-text" safe>
          {request.id}
        </bdi>
      </FactOf>
      <FactOf label="Outcome">
        <Badge looks={look.looks} word={`${request.status} ${look.word}`} loud={request.outcome !== "ok"} />
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
      <Fact label="Size" value={`${bytes(request.requestBytes)} in, ${bytes(request.responseBytes)} out`} />
      <Fact label="Usage" value={USAGE_SOURCES[request.usageSource]} />
    </Facts>
  );
}
