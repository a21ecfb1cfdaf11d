import { EmptyState } from "./components/empty-state.tsx";
import { Icon } from "./components/icon.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { type UpstreamRow, UpstreamTable } from "./components/upstream-table.tsx";
import { exact, type Reader } from "./format.ts";
import { plural } from "./verdicts.ts";

const UPSTREAMS_PATH = "/upstreams";

/** Each provider account endpoint: how its host does, what it has and what it serves. */
export function UpstreamsPage(props: { rows: UpstreamRow[]; reader: Reader }) {
  return (
    <Live url={UPSTREAMS_PATH} now={props.reader.now}>
      <PageHead title="Upstreams" verdict={verdict(props.rows)}>
        <a class="btn main" href={`${UPSTREAMS_PATH}/add`}>
          <Icon name="plus" />
          Add upstream
        </a>
      </PageHead>
      {props.rows.length === 0 ? (
        <EmptyState
          icon="server"
          title="No upstreams"
          text="An upstream is where requests are sent: a provider's base URL and how it takes its key."
        />
      ) : (
        <section class="card" aria-label="List of upstreams">
          <div class="scroll">
            <UpstreamTable rows={props.rows} reader={props.reader} />
          </div>
        </section>
      )}
      <p class="sub">
        Each key belongs to one upstream. A model goes to the upstreams that list it; a name before it, as in
        NAME/model, picks one.
      </p>
    </Live>
  );
}

function verdict(rows: UpstreamRow[]): string {
  const paused = rows.filter(({ upstream }) => upstream.health.breaker === "open").length;
  const idle = rows.filter(({ counts }) => counts === undefined).length;
  const parts = [
    paused === 0 ? "None has trouble with its host" : `${exact(paused)} paused`,
    idle > 0 && `${exact(idle)} without keys`,
  ];
  return `${plural(rows.length, "upstream")}. ${parts.filter(Boolean).join(", ")}.`;
}
