import { attr } from "./attr.ts";
import { ActionForm } from "./components/button.tsx";
import { Fact, FactOf, Facts } from "./components/facts.tsx";
import { HostHealth } from "./components/host-health.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { StatusCounts } from "./components/status-counts.tsx";
import { LastTest } from "./components/test-note.tsx";
import { Ago } from "./components/time.tsx";
import { type UpstreamRow, upstreamActions } from "./components/upstream-table.tsx";
import { exact, percent, type Reader } from "./format.ts";
import { keysHref, upstreamPath } from "./links.ts";
import { AUTH_STYLE_WORDS, presetFacts, type UpstreamPreset } from "./upstream-words.ts";
import { keysVerdict, plural, sentence } from "./verdicts.ts";

interface UpstreamPageProps extends Omit<UpstreamRow, "models"> {
  /** Null where no list is known. */
  models: readonly string[] | null;
  /** The provider that its base URL belongs to, if it is a known one. */
  preset: UpstreamPreset | null;
  reader: Reader;
}

const MAX_MODELS = 1_000;

export function UpstreamPage(props: UpstreamPageProps) {
  const { upstream, counts, lately, preset, reader } = props;
  const { health } = upstream;
  return (
    <Live url={upstreamPath(upstream.id)} now={reader.now}>
      <PageHead
        title={upstream.name}
        verdict={counts === undefined ? "No keys yet, so nothing is sent there." : keysVerdict(counts)}
        crumb={{ href: "/upstreams", label: "Upstreams", rest: upstream.name }}
      >
        {upstreamActions(upstream).map((action) => (
          <ActionForm {...action} look={action.label === "Delete" ? "bad" : undefined} />
        ))}
      </PageHead>
      <div class="columns even">
        <section class="card">
          <header>
            <h2>About</h2>
            {upstream.isDefault && <span class="tag">default</span>}
          </header>
          <div class="inside">
            <Facts>
              <Fact label="Base URL" value={upstream.baseUrl} mono />
              <Fact label="Key sent as" value={AUTH_STYLE_WORDS[upstream.authStyle]} mono />
              <FactOf label="Host">
                <HostHealth health={health} reader={reader} />
              </FactOf>
              {health.lastFailure !== null && (
                <Fact label="Last failure" value={sentence(health.lastFailure)} />
              )}
              <FactOf label="Keys">
                <StatusCounts
                  counts={counts}
                  href={(status) => keysHref({ upstream: upstream.id, status })}
                />
                <a class="push" href={attr(keysHref({ upstream: upstream.id }))}>
                  Show
                </a>
              </FactOf>
              <Fact
                label="Last hour"
                value={
                  lately === null
                    ? "no requests"
                    : `${plural(lately.requests, "request")}, ${percent(lately.errors, lately.requests)} failed`
                }
              />
              <FactOf label="Added">
                <Ago at={upstream.createdAt} reader={reader} />
              </FactOf>
            </Facts>
            {preset === null ? null : <Quirks preset={preset} />}
          </div>
        </section>
        <div class="stack">
          <LastTest test={props.test} reader={reader} />
          {counts === undefined && (
            <section class="card inside top">
              <ActionForm
                to="/keys/add"
                method="get"
                icon="plus"
                label="Add key"
                fields={{ upstream: upstream.id }}
              />
            </section>
          )}
        </div>
      </div>
      <Models models={props.models} hasKeys={counts !== undefined} />
    </Live>
  );
}

function Quirks(props: { preset: UpstreamPreset }) {
  const facts = presetFacts(props.preset);
  if (facts.length === 0) return "";
  return (
    <>
      <h3 class="sub" safe>
        {`Of ${props.preset.name}`}
      </h3>
      <ul class="quirks">
        {facts.map((fact) => (
          <li safe>{fact}</li>
        ))}
      </ul>
    </>
  );
}

function Models(props: { models: readonly string[] | null; hasKeys: boolean }) {
  const { models } = props;
  return (
    <section class="card" id="models">
      <header>
        <h2>Models</h2>
        <span class="sub" safe>
          {models === null ? "" : `${exact(models.length)} listed by its keys`}
        </span>
      </header>
      <div class="inside">
        {models === null || models.length === 0 ? (
          <p class="soft">
            {props.hasKeys
              ? "No list of its models is known by now. Any model is sent there all the same, after the upstreams that list it."
              : "Known once it has a key."}
          </p>
        ) : (
          <ul class="models" tabindex="0" aria-label="Models that it lists">
            {models.slice(0, MAX_MODELS).map((model) => (
              <li>
                <bdi class="mono" safe>
                  {model}
                </bdi>
              </li>
            ))}
            {models.length > MAX_MODELS ? (
              <li class="soft" safe>{`and ${exact(models.length - MAX_MODELS)} more`}</li>
            ) : null}
          </ul>
        )}
      </div>
    </section>
  );
}
