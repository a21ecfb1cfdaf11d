import type { KeyView, Pool } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { countdown, exact, type Reader } from "../format.ts";
import { keyPath } from "../links.ts";
import { STATUS_LOOKS, StatusIcon } from "../statuses.tsx";
import { plural } from "../verdicts.ts";

/** Above this number the cells are small and say nothing but their colour and, pointed at, their name. */
const MAX_LARGE_CELLS = 60;
const HOUR_MS = 3_600_000;

interface HeatRowProps {
  keys: KeyView[];
  pools: ReadonlyMap<string, Pool>;
  /** Keys that are not among these cells. */
  more: number;
  reader: Reader;
}

/** Each key a cell in its status's colour: hover tells, click opens. Grouped by pool where there are pools. */
export function HeatRow(props: HeatRowProps) {
  const groups = Map.groupBy(props.keys, (key) => key.poolId ?? "");
  const small = props.keys.length > MAX_LARGE_CELLS;
  return (
    <div class={small ? "heat small" : "heat"}>
      {[...groups].map(([poolId, keys]) => (
        <section>
          <h2>
            <bdi class="name" safe>
              {props.pools.size === 0 ? "Keys" : (props.pools.get(poolId)?.name ?? "No pool")}
            </bdi>
            <span class="push" safe>
              {`${exact(keys.reduce((sum, key) => sum + key.inFlight, 0))} in flight`}
            </span>
          </h2>
          <ul>
            {keys.map((key) => (
              <li>
                <Cell view={key} small={small} reader={props.reader} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      {props.more > 0 ? (
        <a href="/keys" safe>
          {`and ${plural(props.more, "more key")}`}
        </a>
      ) : null}
    </div>
  );
}

function Cell(props: { view: KeyView; small: boolean; reader: Reader }) {
  const key = props.view;
  const look = STATUS_LOOKS[key.status];
  const said = `${key.name}: ${look.word.toLowerCase()}${key.statusReason ? `. ${key.statusReason}` : ""}`;
  return (
    <a
      class={`cell ${look.className}${look.asks === "nothing" ? "" : " loud"}`}
      href={keyPath(key.id)}
      title={attr(said)}
    >
      <span class="hidden-text" safe>
        {said}
      </span>
      {props.small ? null : (
        <>
          <StatusIcon
            status={key.status}
            size={look.asks === "nothing" || look.asks === "patience" ? 12 : 16}
          />
          <CellText view={key} reader={props.reader} />
        </>
      )}
    </a>
  );
}

function CellText(props: { view: KeyView; reader: Reader }) {
  const { status, cooldownUntil, inFlight } = props.view;
  const { asks } = STATUS_LOOKS[status];
  if (asks === "nothing") {
    return (
      <span>
        <span safe>{exact(inFlight)}</span>
        <span class="hidden-text"> in flight</span>
      </span>
    );
  }
  if (asks !== "patience" || cooldownUntil === null) return "";
  const left = cooldownUntil - props.reader.now;
  if (left > HOUR_MS) return <span safe>{`${Math.round(left / HOUR_MS)} h`}</span>;
  return (
    <span data-until={String(cooldownUntil)} safe>
      {countdown(left)}
    </span>
  );
}
