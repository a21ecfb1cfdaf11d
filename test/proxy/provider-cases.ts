import { join } from "node:path";
import { firstEvent } from "../../src/proxy/first-event.ts";
import { afterOutput, judgeAnswer, judgeFailure, judgeStreamEvent } from "../../src/proxy/outcome.ts";
import type { Blame, Outcome, Verdict } from "../../src/types.ts";
import { UpstreamFailure } from "../../src/upstream/types.ts";

/** One upstream answer and the decision that is right for it, as `test/fixtures/provider-answers/` keeps them. */
export interface ProviderCase {
  id: string;
  provider: string;
  /** Where the answer was seen; "further" for those that this project added, `origin` then says more. */
  source: string;
  origin?: string;
  status: number;
  headers: Record<string, string>;
  /** The text, or the bytes where they matter, or the bytes as they came, chunk by chunk. */
  body?: string;
  body_base64?: string;
  chunks_base64?: string[];
  stream?: boolean;
  now?: string;
  expect: {
    outcome: Outcome;
    blame: Blame;
    retry_on_another_key: boolean;
    cooldown_ms: number | null;
    strike: boolean;
    pass_through_status: number;
    why?: string;
  };
}

const FOLDER = join(import.meta.dir, "../fixtures/provider-answers");
/** Two places of an answer may round one wait differently. */
export const WAIT_TOLERANCE_MS = 1_000;
const SOME_DAY = Date.UTC(2025, 5, 1);

export async function providerCases(): Promise<ProviderCase[]> {
  const names = await Array.fromAsync(new Bun.Glob("*.json").scan(FOLDER));
  const files = await Promise.all(
    names.sort().map((name) => Bun.file(join(FOLDER, name)).json() as Promise<ProviderCase[]>),
  );
  return files.flat();
}

/** The verdict on a whole answer; of a stream on its first event and then on all that follows, to its end. */
export function judgeCase(given: ProviderCase): Verdict {
  const now = given.now === undefined ? SOME_DAY : Date.parse(given.now);
  const body = bodyOf(given);
  const stream = given.stream === true;
  const verdict = judgeAnswer({
    status: given.status,
    headers: Object.entries(given.headers),
    body,
    stream,
    now,
  });
  return stream && verdict.outcome === "ok" ? judgeRest(body, verdict, now) : verdict;
}

function bodyOf(given: ProviderCase): string {
  const chunks = given.chunks_base64 ?? (given.body_base64 === undefined ? null : [given.body_base64]);
  if (chunks === null) return given.body ?? "";
  return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk, "base64"))).toString("utf8");
}

/** What the relay does while a stream passes by. */
function judgeRest(body: string, verdict: Verdict, now: number): Verdict {
  let whole = false;
  for (const block of body.split(/\r\n\r\n|\n\n|\r\r/)) {
    const data = firstEvent(block)?.data;
    if (data === undefined) continue;
    const error = judgeStreamEvent(data, now);
    if (error !== null) return afterOutput(error);
    whole ||=
      data === "[DONE]" ||
      /"(?:finish_reason|stop_reason)":"|"type":"(?:message_stop|response\.completed)"/.test(
        data.replaceAll('": ', '":'),
      );
  }
  if (whole) return verdict;
  return afterOutput(
    judgeFailure(new UpstreamFailure("connection_lost", "the stream was cut", true), { stream: true }),
  );
}
