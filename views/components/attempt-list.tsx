import type { AttemptRecord, RequestRecord } from "../../src/types.ts";
import { chosenWords } from "../chosen-words.ts";
import { duration, UNKNOWN } from "../format.ts";
import { outcomeLook } from "../outcomes.ts";
import { STATUS_LOOKS } from "../statuses.tsx";
import { Badge } from "./badge.tsx";
import { KeyChip } from "./key-chip.tsx";

interface AttemptListProps {
  request: RequestRecord;
  /** Of keys that still exist, by id. */
  names: ReadonlyMap<string, string>;
  /** Names, by id. */
  upstreams: ReadonlyMap<string, string>;
}

/** Each attempt of a request on one time line, from the request's beginning to its end. */
export function AttemptList(props: AttemptListProps) {
  const { attempts, durationMs } = props.request;
  if (attempts.length === 0) return <p class="inside soft">No key was tried.</p>;
  return (
    <>
      <ol class="attempts">
        {attempts.map((attempt, at) => (
          <Attempt attempt={attempt} number={at + 1} {...props} />
        ))}
      </ol>
      <p class="time-axis" aria-hidden="true">
        {[0, 1 / 3, 2 / 3, 1].map((part) => (
          <span safe>{duration(part * durationMs)}</span>
        ))}
      </p>
    </>
  );
}

function Attempt(props: AttemptListProps & { attempt: AttemptRecord; number: number }) {
  const { attempt } = props;
  const look = outcomeLook(attempt.outcome);
  const upstream = props.upstreams.get(attempt.upstreamId);
  return (
    <li>
      <div class="line">
        <span class="soft">{props.number}</span>
        <KeyChip id={attempt.keyId} name={props.names.get(attempt.keyId) ?? null} />
        <bdi class="soft cut" safe>
          {upstream ?? ""}
        </bdi>
        <span class="push">
          <Badge
            looks={look.looks}
            word={attempt.status === null ? look.word : `${attempt.status} ${look.word}`}
            loud
          />
        </span>
      </div>
      <TimeLine {...props} className={STATUS_LOOKS[look.looks].className} />
      <p class="sub wrap-text">
        <span safe>{attemptText(attempt, props.request)}</span>{" "}
        {attempt.error !== null ? <bdi safe>{attempt.error}</bdi> : null}
      </p>
    </li>
  );
}

/** Pale: the wait before the attempt, and the wait for its first byte where that is known. */
function TimeLine(props: { attempt: AttemptRecord; request: RequestRecord; className: string }) {
  const { attempt, request } = props;
  const total = Math.max(1, request.durationMs);
  const share = (ms: number) => Math.min(100, Math.max(0, (100 * ms) / total));
  const from = Math.min(99.5, share(attempt.startedAt - request.startedAt));
  const wait = Math.min(from, share(attempt.waitMs));
  const width = Math.max(0.5, Math.min(100 - from, share(attempt.durationMs)));
  const pale = firstByteAfter(attempt, request);
  return (
    <svg
      class={`time-line ${props.className}`}
      viewBox="0 0 100 12"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <rect class="track" width="100" height="12" />
      {wait > 0 ? <rect class="waited" x={from - wait} y="5" width={wait} height="2" /> : null}
      <rect class="fill" x={from} width={width} height="12" />
      {pale !== null ? (
        <rect class="no-byte-yet" x={from} width={Math.min(width, share(pale))} height="12" />
      ) : null}
    </svg>
  );
}

/** ms from the attempt's beginning to the first byte that the client got; null where it got none of this attempt. */
function firstByteAfter(attempt: AttemptRecord, request: RequestRecord): number | null {
  if (request.ttftMs === null || attempt !== request.attempts.at(-1)) return null;
  const after = request.startedAt + request.ttftMs - attempt.startedAt;
  return after > 0 && after <= attempt.durationMs ? after : null;
}

function attemptText(attempt: AttemptRecord, request: RequestRecord): string {
  const firstByte = firstByteAfter(attempt, request);
  const parts = [
    `Chosen: ${chosenWords(attempt.chosenBecause) || UNKNOWN}.`,
    attempt.waitMs >= 1 ? `Waited ${duration(attempt.waitMs)}, began` : "Began",
    `after ${duration(Math.max(0, attempt.startedAt - request.startedAt))}, took ${duration(attempt.durationMs)}`,
  ];
  const told = firstByte === null ? "." : `, first byte ${duration(firstByte)} after its beginning.`;
  return parts.join(" ") + told;
}
