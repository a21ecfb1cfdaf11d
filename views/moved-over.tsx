import { ActionForm } from "./components/button.tsx";
import { PageHead } from "./components/page-head.tsx";
import { exact } from "./format.ts";
import { plural } from "./verdicts.ts";

export interface Offer {
  folder: string;
  keys: number;
  requests: number;
}

/** On the first visit, where the earlier version left its data beside this one. */
export function MoveOverOffer(props: Offer) {
  return (
    <section class="card" aria-labelledby="move-over">
      <header>
        <h2 id="move-over">Move over from the earlier version</h2>
      </header>
      <div class="inside fields">
        <p>
          <span safe>{`${plural(props.keys, "key")} and ${plural(props.requests, "request")} lie in `}</span>
          <code safe>{props.folder}</code>
          {", with profiles and settings. The files are only read, so the way back stays open."}
        </p>
        <form action="/migrate" method="post">
          <button type="submit" class="main">
            Move over
          </button>
        </form>
      </div>
    </section>
  );
}

export interface MovedOverProps {
  upstream: { name: string; baseUrl: string };
  keys: { added: number; disabled: number; present: number; skipped: { what: string; reason: string }[] };
  pools: { added: string[] };
  settings: {
    changed: { earlierName: string; name: string; value: unknown; note: string | null }[];
    left: { earlierName: string; reason: string }[];
  };
  requests: { added: number; present: number; skipped: { reason: string; count: number }[] };
  notes: string[];
}

/** What came over, what was left out and why. */
export function MovedOverPage(props: MovedOverProps) {
  const { keys, pools, settings, requests, upstream } = props;
  const changed = settings.changed.map(({ earlierName, name, value, note }) => ({
    text: `${earlierName} is ${name}, ${String(value)}`,
    note,
  }));
  const left = [
    ...keys.skipped.map(({ what, reason }) => ({ text: what, note: reason })),
    ...settings.left.map(({ earlierName, reason }) => ({ text: `Setting ${earlierName}`, note: reason })),
    ...requests.skipped.map(({ count, reason }) => ({ text: plural(count, "request"), note: reason })),
  ];
  const here = keys.present === 0 ? "" : `, ${exact(keys.present)} here already`;
  const disabled = keys.disabled === 0 ? "" : `, ${exact(keys.disabled)} of them disabled as they were there`;
  return (
    <div class="guide">
      <PageHead
        title="Moved over"
        verdict={`${plural(keys.added, "key")}${disabled}${here}, at ${upstream.name}; ${plural(pools.added.length, "pool")}; ${plural(requests.added, "request")}.`}
      >
        <ActionForm to="/keys/test" method="post" icon="test" label="Test keys" look="main" />
      </PageHead>
      <Lines title="Settings" lines={changed} />
      <Lines title="Left out" lines={left} />
      <Lines title="Different now" lines={props.notes.map((text) => ({ text }))} />
      <p>
        <a href="/">To the dashboard</a>
      </p>
    </div>
  );
}

/** A report may name a thousand entries; the command's `--json` has all. */
const MAX_LINES = 100;

interface Line {
  text: string;
  note?: string | null;
}

function Lines(props: { title: string; lines: Line[] }) {
  const more = props.lines.length - MAX_LINES;
  if (props.lines.length === 0) return null;
  return (
    <section class="card">
      <header>
        <h2 safe>{props.title}</h2>
      </header>
      <ul class="list">
        {props.lines.slice(0, MAX_LINES).map(({ text, note }) => (
          <li>
            <span>
              <span safe>{text}</span>
              {note ? (
                <>
                  <br />
                  <span class="soft" safe>
                    {note}
                  </span>
                </>
              ) : null}
            </span>
          </li>
        ))}
        {more > 0 && <li safe>{`and ${exact(more)} more`}</li>}
      </ul>
    </section>
  );
}
