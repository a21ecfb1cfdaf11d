import type { Verdict } from "../types.ts";
import type { HeaderList } from "../upstream/types.ts";

export interface AnswerFacts {
  status: number;
  headers: HeaderList;
  /** The decoded body, or the first 64 KiB of it; for an event stream what came until its first event was whole. */
  body: string;
  /** The answer is `text/event-stream`. */
  stream: boolean;
  /** Wall clock, epoch ms, for dates and daily resets. */
  now: number;
}
export declare function judgeAnswer(facts: AnswerFacts): Verdict;
