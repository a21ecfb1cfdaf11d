import type { Outcome } from "../types.ts";
import { hostFailure, overloaded } from "./host-signals.ts";
import {
  deadKey,
  missingPermission,
  modelClosed,
  modelForbidden,
  unknownModel,
  unknownModelInWords,
  wrongRegion,
} from "./key-signals.ts";
import {
  anyLimit,
  currentQuota,
  dashscopeLimit,
  freeModelSpent,
  freeTierEnded,
  googleQuota,
  limitInRefusal,
  limitOfZero,
  namedLimit,
  noMoney,
  periodicQuota,
} from "./limit-signals.ts";
import { badParameter, badRequest, contentRefused, requestStatus, wrongPath } from "./request-signals.ts";
import type { Signal } from "./signal.ts";

/**
 * What providers answer and what it means, the most telling first: the first row that matches decides. To teach the
 * proxy a new answer, add a word to one of these rows and the answer itself to `test/fixtures/provider-answers/`.
 */
export const SIGNALS: readonly Signal[] = [
  contentRefused,
  requestStatus,
  badRequest,
  wrongPath,
  dashscopeLimit,
  freeModelSpent,
  noMoney,
  periodicQuota,
  freeTierEnded,
  limitOfZero,
  namedLimit,
  overloaded,
  googleQuota,
  currentQuota,
  wrongRegion,
  missingPermission,
  modelClosed,
  modelForbidden,
  deadKey,
  unknownModel,
  unknownModelInWords,
  anyLimit,
  limitInRefusal,
  hostFailure,
  badParameter,
];

/** What a status means where nothing in the answer says more. */
export function outcomeOfStatus(status: number): Outcome {
  const known = STATUS_OUTCOMES[status];
  if (known !== undefined) return known;
  return status >= 400 && status < 500 ? "client_error" : "upstream_error";
}

const STATUS_OUTCOMES: Record<number, Outcome> = {
  401: "invalid_key",
  402: "no_credit",
  403: "forbidden_key",
  408: "upstream_error",
  412: "no_credit", // Fireworks: unpaid, or over the spending limit
  424: "upstream_error",
  425: "upstream_error",
  429: "rate_limited",
  451: "forbidden_key",
  498: "overloaded", // Groq: no capacity for the flex tier
  499: "upstream_error",
  503: "overloaded",
  529: "overloaded",
};
