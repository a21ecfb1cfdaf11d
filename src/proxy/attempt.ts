import type { Verdict } from "../types.ts";
import {
  type HeaderList,
  type PendingAnswer,
  type SendOptions,
  type UpstreamAnswer,
  type UpstreamClient,
  UpstreamFailure,
  type UpstreamRequest,
} from "../upstream/types.ts";
import { encodingOf, textOf } from "./decode.ts";
import { firstEvent } from "./first-event.ts";
import { findHeader } from "./headers.ts";
import { HeldBody } from "./held-body.ts";
import { judgeAnswer, judgeFailure } from "./outcome.ts";
import { latin1 } from "./sse.ts";
import { verdictOf } from "./verdict.ts";

/** An error body is cut here, in bytes and in time: one may be huge or never end. */
const LONGEST_ERROR_BYTES = 65_536;
const LONGEST_ERROR_MS = 2_000;
/** A JSON answer up to this size is looked at whole before it goes out; of a larger one, its beginning. */
const LONGEST_WHOLE_BYTES = 4 * 1024 * 1024;
/** Comments may come before a stream's first event; they are held back no longer than this. */
const LONGEST_PREAMBLE_BYTES = 65_536;
const LONGEST_PREAMBLE_MS = 15_000;

/** How one upstream call came out, before anything of it has gone to the client. */
export interface AttemptResult {
  verdict: Verdict;
  /** Null where no status line came. */
  status: number | null;
  /** The upstream gave a whole answer, or surely never saw the request: repeating cannot do a thing twice. */
  answered: boolean;
  /** It goes to the client as it is; there is no other attempt. */
  commits: boolean;
  /** What may be shown of it; null where nothing may. */
  answer: WholeAnswer | FlowingAnswer | null;
}

export interface WholeAnswer {
  kind: "whole";
  headers: HeaderList;
  body: Uint8Array;
  /** The body unpacked; empty where it cannot be. */
  text: string;
}

/** A good beginning: what is held and what follows can be relayed. */
export interface FlowingAnswer {
  kind: "flowing";
  headers: HeaderList;
  source: UpstreamAnswer;
  held: HeldBody;
}

export interface AttemptFacts {
  /** Wall clock, epoch ms. */
  now(): number;
  /** The client asked for a stream. */
  stream: boolean;
  /** The key that is used: it must stand in no reason. */
  secret: string;
}

/** One upstream call up to the point where it is known what it means. */
export class Attempt {
  #pending: PendingAnswer | null = null;
  #answer: UpstreamAnswer | null = null;
  #aborted = false;

  constructor(
    private readonly client: UpstreamClient,
    private readonly facts: AttemptFacts,
  ) {}

  /** The client left: nothing of this attempt is wanted any more. */
  abort(): void {
    this.#aborted = true;
    this.#pending?.abort();
    this.#answer?.abort();
  }

  async run(request: UpstreamRequest, options: SendOptions): Promise<AttemptResult> {
    try {
      this.#pending = this.client.send(request, options);
      const answer = await this.#pending.answer;
      this.#answer = answer;
      if (this.#aborted) answer.abort();
      return await this.#read(answer);
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      return failed(null, judgeFailure(error, this.facts), !error.sent);
    }
  }

  async #read(answer: UpstreamAnswer): Promise<AttemptResult> {
    const type = findHeader(answer.headers, "content-type") ?? "";
    if (answer.status !== 200) return this.#readError(answer);
    if (type.startsWith("text/event-stream")) return this.#readStream(answer);
    if (isText(type)) return this.#readText(answer);
    return this.#readBinary(answer);
  }

  /** Anything but 200: other 2xx answers are short as well, and judged by their body likewise. */
  async #readError(answer: UpstreamAnswer): Promise<AttemptResult> {
    const isGood = answer.status > 200 && answer.status < 300;
    const held = new HeldBody(answer, isGood ? LONGEST_WHOLE_BYTES : LONGEST_ERROR_BYTES, () => false);
    const why = await held.fill(isGood ? null : LONGEST_ERROR_MS);
    if (why === "limit" && isGood) return this.#flowing(answer, held, this.#judge(answer, ""));
    if (why === "limit" || why === "timeout") answer.abort();
    else if (why instanceof UpstreamFailure && held.bytes === 0) return this.#lost(answer, why);
    return this.#whole(answer, held);
  }

  async #readText(answer: UpstreamAnswer): Promise<AttemptResult> {
    const held = new HeldBody(answer, LONGEST_WHOLE_BYTES, () => false);
    const why = await held.fill(null);
    if (why instanceof UpstreamFailure) return this.#lost(answer, why);
    if (why === "ended") return this.#whole(answer, held);
    const beginning = textOf(held.whole().subarray(0, LONGEST_ERROR_BYTES), encodingOf(answer.headers)) ?? "";
    const verdict = this.#judge(answer, beginning, true);
    if (verdict.outcome === "ok") return this.#flowing(answer, held, verdict);
    answer.abort();
    return failed(answer.status, verdict, true);
  }

  async #readBinary(answer: UpstreamAnswer): Promise<AttemptResult> {
    const held = new HeldBody(answer, LONGEST_WHOLE_BYTES, (body) => body.bytes > 0);
    const why = await held.fill(null);
    if (why instanceof UpstreamFailure) return this.#lost(answer, why);
    if (why === "ended" && held.bytes === 0) return this.#whole(answer, held);
    return this.#flowing(answer, held, this.#judge(answer, "", true));
  }

  /** The first event decides: an error there is still one that the next key can mend. */
  async #readStream(answer: UpstreamAnswer): Promise<AttemptResult> {
    const readable = encodingOf(answer.headers) === null;
    let seen = "";
    let known = 0;
    const held = new HeldBody(answer, LONGEST_PREAMBLE_BYTES, ({ chunks }) => {
      for (; known < chunks.length; known += 1) seen += latin1(chunks[known] as Uint8Array);
      return readable ? firstEvent(seen)?.ended === true : seen !== "";
    });
    const why = await held.fill(LONGEST_PREAMBLE_MS, false);
    if (why instanceof UpstreamFailure) return this.#lost(answer, why);
    const undecided = !readable || why === "limit" || why === "timeout";
    const verdict = undecided ? OK : this.#judge(answer, textOf(held.whole(), null) ?? "", false, true);
    if (verdict.outcome === "ok" || !verdict.retry) return this.#flowing(answer, held, verdict);
    answer.abort();
    return failed(answer.status, verdict, true);
  }

  #whole(answer: UpstreamAnswer, held: HeldBody): AttemptResult {
    const body = held.whole();
    const text = textOf(body, encodingOf(answer.headers));
    const verdict = text === null ? OK : this.#judge(answer, text);
    const { status, headers } = answer;
    return {
      verdict,
      status,
      answered: true,
      commits: verdict.outcome === "ok",
      answer: { kind: "whole", headers, body, text: text ?? "" },
    };
  }

  #flowing(answer: UpstreamAnswer, held: HeldBody, verdict: Verdict): AttemptResult {
    const { status, headers } = answer;
    return {
      verdict,
      status,
      answered: true,
      commits: true,
      answer: { kind: "flowing", headers, source: answer, held },
    };
  }

  #lost(answer: UpstreamAnswer, failure: UpstreamFailure): AttemptResult {
    return failed(answer.status, judgeFailure(failure, this.facts), false);
  }

  #judge(answer: UpstreamAnswer, body: string, truncated = false, stream = false): Verdict {
    const { status, headers } = answer;
    return judgeAnswer({
      status,
      headers,
      body,
      stream,
      truncated,
      now: this.facts.now(),
      secrets: [this.facts.secret],
    });
  }
}

function failed(status: number | null, verdict: Verdict, answered: boolean): AttemptResult {
  return { verdict, status, answered, commits: false, answer: null };
}

function isText(contentType: string): boolean {
  return contentType === "" || contentType.includes("json") || contentType.startsWith("text/");
}

const OK = verdictOf({ outcome: "ok", status: 200, reason: "" });
