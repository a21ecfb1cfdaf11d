import type { KeptHeader } from "../types.ts";
import { REDACTED, redact } from "./redact.ts";

const MOST_HEADERS = 100;
const LONGEST_VALUE_CHARS = 1_000;

/** Names of what lets someone in. `x-ratelimit-remaining-tokens` and `idempotency-key` are none of them. */
const CREDENTIAL =
  /(^|[-_])(auth|authorization|cookie|set-cookie|secret|password|signature|token|(?<!idempotency[-_])key)$/;

/** Headers as the log keeps them: without credentials, bounded. @param secrets What must stand in no value. */
export function keptHeaders(
  headers: readonly (readonly [string, string])[],
  secrets: readonly string[],
): KeptHeader[] {
  return headers.slice(0, MOST_HEADERS).map(([name, value]) => {
    if (CREDENTIAL.test(name.toLowerCase())) return { name, value: REDACTED };
    const clean = redact(value, secrets);
    const isLong = clean.length > LONGEST_VALUE_CHARS;
    return { name, value: isLong ? `${clean.slice(0, LONGEST_VALUE_CHARS)}…` : clean };
  });
}
