import type { RequestRecord } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { count, duration, exact, type Reader, UNKNOWN } from "../format.ts";
import { outcomeLook } from "../outcomes.ts";
import { Badge } from "./badge.tsx";
import { KeyChip } from "./key-chip.tsx";
import { StoryLink } from "./story-link.tsx";

interface RequestTableProps {
  requests: RequestRecord[];
  /** By key id; a key that is not here was deleted. */
  names: ReadonlyMap<string, string>;
  /** On a key's own page: without the columns that would say the key again. */
  ofOneKey?: boolean;
  reader: Reader;
}

/** One row a request, which opens its story: beside the list, without scripts on a page of its own. */
export function RequestTable(props: RequestTableProps) {
  return (
    <table class="cards requests">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Outcome</th>
          <th scope="col">Model</th>
          {!props.ofOneKey && <th scope="col">Key</th>}
          <th scope="col" class="right roomier">
            Attempts
          </th>
          <th scope="col" class="right roomier">
            First byte
          </th>
          <th scope="col" class="right">
            Took
          </th>
          <th scope="col" class="right" title="Input and output tokens">
            Tokens
          </th>
          {!props.ofOneKey && <th scope="col">Error</th>}
        </tr>
      </thead>
      <tbody>
        {props.requests.map((request) => (
          <RequestRow request={request} {...props} />
        ))}
      </tbody>
    </table>
  );
}

function RequestRow(props: Omit<RequestTableProps, "requests"> & { request: RequestRecord }) {
  const { request, reader } = props;
  const look = outcomeLook(request.outcome);
  const last = request.attempts.at(-1);
  const attempts = request.attempts.length;
  return (
    <tr id={`request-${attr(request.id)}`}>
      <td class="c-key">
        <StoryLink requestId={request.id} at={request.startedAt} reader={reader} milliseconds />
      </td>
      <td class="c-status">
        <Badge looks={look.looks} word={statusWord(request)} loud={request.outcome !== "ok"} />
      </td>
      <td class="c-model">
        <bdi class="mono cut" title={attr(request.model ?? "")} safe>
          {request.model ?? UNKNOWN}
        </bdi>
      </td>
      {!props.ofOneKey && (
        <td class="c-served">
          {last === undefined ? (
            <span class="soft">{UNKNOWN}</span>
          ) : (
            <KeyChip id={last.keyId} name={props.names.get(last.keyId) ?? null} />
          )}
        </td>
      )}
      <td class={`wide-only roomier right${attempts > 1 ? " strong" : " soft"}`}>{attempts}</td>
      <td class="wide-only roomier right" safe>
        {duration(request.ttftMs)}
      </td>
      <td class="c-took right" safe>
        {duration(request.durationMs)}
      </td>
      <td class="wide-only right" title={tokensTitle(request)} safe>
        {tokens(request)}
      </td>
      {!props.ofOneKey && (
        <td class="c-error wide-only">
          <bdi class="cut soft" title={attr(errorOf(request))} safe>
            {errorOf(request)}
          </bdi>
        </td>
      )}
    </tr>
  );
}

/** That of the request; where a later attempt went well, that of the first which did not. */
function errorOf({ error, attempts }: RequestRecord): string {
  if (error !== null) return error;
  const failed = attempts.findIndex((attempt) => attempt.error !== null);
  return failed < 0 ? "" : `Attempt ${failed + 1}: ${attempts[failed]!.error}`;
}

function statusWord(request: RequestRecord): string {
  return request.outcome === "ok"
    ? String(request.status)
    : `${request.status} ${outcomeLook(request.outcome).word}`;
}

function tokens(request: RequestRecord): string {
  if (request.usageSource === "none") return UNKNOWN;
  const sum = count((request.inputTokens ?? 0) + (request.outputTokens ?? 0));
  return request.usageSource === "estimated" ? `~ ${sum}` : sum;
}

function tokensTitle(request: RequestRecord): string | undefined {
  if (request.usageSource === "none") return undefined;
  const said = request.usageSource === "estimated" ? ", estimated" : "";
  return `${exact(request.inputTokens ?? 0)} in, ${exact(request.outputTokens ?? 0)} out${said}`;
}
