import { attr } from "../attr.ts";
import { type Reader, UNKNOWN } from "../format.ts";
import { outcomeLook } from "../outcomes.ts";
import { Badge } from "./badge.tsx";
import { KeyChip } from "./key-chip.tsx";
import { StoryLink } from "./story-link.tsx";

export interface Failure {
  at: number;
  requestId: string;
  keyId: string;
  model: string | null;
  status: number | null;
  outcome: string;
  reason: string;
  servedByKeyId: string | null;
}

interface FailuresProps {
  failures: Failure[];
  /** By key id; a key that is not here was deleted. */
  names: ReadonlyMap<string, string>;
  /** On a key's own page: without the column that would say the key again. */
  ofOneKey?: boolean;
  reader: Reader;
}

/** The last attempts that failed: on which key, why, and which key then answered. */
export function FailureTable(props: FailuresProps) {
  return (
    <table class="cards failures">
      <thead>
        <tr>
          <th scope="col">Time</th>
          {!props.ofOneKey && <th scope="col">Key</th>}
          <th scope="col">Model</th>
          <th scope="col">Status</th>
          <th scope="col">Reason</th>
          <th scope="col">Then served by</th>
        </tr>
      </thead>
      <tbody>
        {props.failures.map((failure) => {
          const look = outcomeLook(failure.outcome);
          return (
            <tr>
              <td class="c-used">
                <StoryLink requestId={failure.requestId} at={failure.at} reader={props.reader} />
              </td>
              {!props.ofOneKey && (
                <td class="c-key">
                  <KeyChip id={failure.keyId} name={props.names.get(failure.keyId) ?? null} />
                </td>
              )}
              <td class="wide-only c-model">
                <bdi class="mono cut" safe>
                  {failure.model ?? UNKNOWN}
                </bdi>
              </td>
              <td class="c-status wide-only">
                <Badge
                  looks={look.looks}
                  word={failure.status === null ? look.word : String(failure.status)}
                  title={look.word}
                />
              </td>
              <td class="c-reason">
                <bdi class="cut" title={attr(failure.reason)} safe>
                  {failure.reason}
                </bdi>
              </td>
              <td class="wide-only">
                {failure.servedByKeyId === null ? (
                  <span class="soft">{UNKNOWN}</span>
                ) : (
                  <KeyChip id={failure.servedByKeyId} name={props.names.get(failure.servedByKeyId) ?? null} />
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
