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
import { encodingOf, textOf, textOfBeginning } from "./decode.ts";
import { firstEvent } from "./first-event.ts";
import { findHeader } from "./headers.ts";
import { type Held, HeldBody, type HoldLimits } from "./held-body.ts";
import { judgeAnswer, judgeFailure } from "./outcome.ts";
import { latin1 } from "./sse.ts";
import { OK } from "./verdict.ts";

/** How much of a text is looked at to see what it means. */
const LONGEST_ERROR_BYTES = 65_536;

/** An error body is cut here, in bytes and in time: one may be huge or never end. */
const ERROR_LIMITS: HoldLimits = { bytes: LONGEST_ERROR_BYTES, ms: 2_000, isEnough: null, evenIfEmpty: true };
/** A JSON answer up to this size is looked at whole before it goes out; of a larger one, its beginning. */
const TEXT_LIMITS: HoldLimits = { bytes: 4 * 1024 * 1024, ms: null, isEnough: null };
const BINARY_LIMITS: HoldLimits = { bytes: 65_536, ms: null, isEnough: (held) => held.bytes > 0 };
/** Comments may come before a stream's first event; they are held back no longer than this. */
const STREAM_LIMITS: HoldLimits = {
  bytes: 65_536,
  ms: 15_000,
  isEnough: (held) => firstEvent(latin1(held.whole()))?.ended === true,
};
const packedStreamLimits = (encoding: string): HoldLimits => ({
  bytes: 65_536,
  ms: 15_000,
  isEnough: (held) => {
    const text = textOfBeginning(held.whole(), encoding);
    return text === null || firstEvent(text)?.ended === true;
  },
});

type Conclude = (
  answer: UpstreamAnswer,
  held: HeldBody,
  why: Exclude<Held, UpstreamFailure>,
) => AttemptResult;

/** How much of an answer is held back, and what is concluded from it. */
interface Reading {
  limits: HoldLimits;
  conclude: Conclude;
}

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
  /** An answer to HEAD has no body by right. */
  isHead: boolean;
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

  /** One promise from the request to the result: on the way of every request each further one would cost. */
  run(request: UpstreamRequest, options: SendOptions): Promise<AttemptResult> {
    const { promise, resolve, reject } = Promise.withResolvers<AttemptResult>();
    this.#pending = this.client.send(request, options);
    this.#pending.answer.then(
      (answer) => {
        this.#answer = answer;
        if (this.#aborted) answer.abort();
        const { limits, conclude } = this.#readingOf(answer);
        const held = new HeldBody(answer, limits, (why) => {
          try {
            resolve(
              why instanceof UpstreamFailure ? this.#lost(answer, held, why) : conclude(answer, held, why),
            );
          } catch (error) {
            reject(error);
          }
        });
        held.fill();
      },
      (error) => {
        if (error instanceof UpstreamFailure)
          resolve(failed(null, judgeFailure(error, this.facts), !error.sent));
        else reject(error);
      },
    );
    return promise;
  }

  #readingOf(answer: UpstreamAnswer): Reading {
    const type = findHeader(answer.headers, "content-type") ?? "";
    if (answer.status >= 300) return { limits: ERROR_LIMITS, conclude: this.#concludeError };
    if (type.startsWith("text/event-stream")) {
      const encoding = encodingOf(answer.headers);
      const limits = encoding === null ? STREAM_LIMITS : packedStreamLimits(encoding);
      return { limits, conclude: this.#concludeStream };
    }
    if (isText(type) || answer.status !== 200) return { limits: TEXT_LIMITS, conclude: this.#concludeText };
    return { limits: BINARY_LIMITS, conclude: this.#concludeBinary };
  }

  /** Of an error that is huge or never ends, its beginning is the whole. */
  #concludeError: Conclude = (answer, held, why) => {
    if (why !== "ended") answer.abort();
    return this.#whole(answer, held);
  };

  #concludeText: Conclude = (answer, held, why) => {
    if (why === "ended") return this.#whole(answer, held);
    const beginning = textOf(held.whole().subarray(0, LONGEST_ERROR_BYTES), encodingOf(answer.headers)) ?? "";
    return this.#flowIfGood(answer, held, this.#judge(answer, beginning, true));
  };

  #concludeBinary: Conclude = (answer, held, why) => {
    if (why === "ended" && held.bytes === 0) return this.#whole(answer, held);
    return this.#flowing(answer, held, this.#judge(answer, "binary", true));
  };

  /** The first event decides: an error there is still one that the next key can mend. */
  #concludeStream: Conclude = (answer, held, why) => {
    const isDecided = why === "enough" || why === "ended";
    // What cannot be unpacked cannot be judged.
    const text = isDecided ? textOfBeginning(held.whole(), encodingOf(answer.headers)) : null;
    const verdict = text === null ? OK : this.#judge(answer, text, false, true);
    return this.#flowIfGood(answer, held, verdict);
  };

  /** A client's own error flows as well: it is the answer. */
  #flowIfGood(answer: UpstreamAnswer, held: HeldBody, verdict: Verdict): AttemptResult {
    if (verdict.outcome === "ok" || !verdict.retry) return this.#flowing(answer, held, verdict);
    answer.abort();
    return failed(answer.status, verdict, true);
  }

  #whole(answer: UpstreamAnswer, held: HeldBody): AttemptResult {
    const body = held.whole();
    const text = textOf(body, encodingOf(answer.headers));
    const { status, headers } = answer;
    const isUnreadable = text === null || this.facts.isHead;
    const verdict = isUnreadable && status < 300 ? OK : this.#judge(answer, text ?? "");
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

  /** Broken off before the end; of an error answer, what came may still tell its meaning. */
  #lost(answer: UpstreamAnswer, held: HeldBody, failure: UpstreamFailure): AttemptResult {
    const tells = answer.status >= 300 && held.bytes > 0 && failure.kind !== "aborted";
    return tells
      ? this.#whole(answer, held)
      : failed(answer.status, judgeFailure(failure, this.facts), false);
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
