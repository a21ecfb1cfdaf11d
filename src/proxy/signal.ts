import type { Blame, Outcome } from "../types.ts";

/**
 * One way in which providers say something. A row matches where the status is among `status` (any, if left out) and
 * either one of `names` is an identifier of the error (`code`, `type`, `status`, `reason`; in lower case) or `text` is
 * found in its texts. A row with `status` alone matches by that.
 */
export interface Signal {
  outcome: Outcome;
  /** Where it is not the outcome's own. A limit or refusal counts for `key_model` by itself if its text names a model. */
  blame?: Blame;
  status?: readonly number[];
  names?: readonly string[];
  text?: RegExp;
}

/** Where the status says little: a refusal of some kind, or (200) nothing at all. */
export const REFUSALS = [200, 400, 401, 402, 403, 404, 409, 412, 422, 429];

/**
 * One pattern of several phrases, upper and lower case alike. The phrases are regular expressions and see at most
 * 4,096 characters; bound every repetition (`.{0,40}`, never `.*`).
 */
export function anyOf(...phrases: string[]): RegExp {
  return new RegExp(phrases.join("|"), "i");
}
