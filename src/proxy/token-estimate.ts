/**
 * English text has about four bytes a token, Chinese three. The fewest count: what is reserved too high is given back
 * when the answer tells the truth, but what was reserved too low has passed the limit by then.
 */
const BYTES_A_TOKEN = 3;
/** Where a request does not say how long its answer may be. */
const USUAL_OUTPUT_TOKENS = 1_000;
/** What requests call the longest answer, in OpenAI's two forms and in Responses'. */
const OUTPUT_LIMITS = ["max_completion_tokens", "max_output_tokens", "max_tokens"];
const DIGITS = /^\s{0,8}:\s{0,8}(\d{1,9})/;
const LONGEST_NUMBER_BYTES = 32;

/**
 * About how many tokens a request uses at most: its text, and the longest answer that it allows. A field is found in
 * the bytes: a name between plain quotes is never part of a text, where quotes are escaped.
 */
export function estimateTokens(body: Uint8Array | null): number {
  if (body === null) return 0;
  return Math.ceil(body.byteLength / BYTES_A_TOKEN) + outputLimit(body);
}

function outputLimit(body: Uint8Array): number {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  for (const name of OUTPUT_LIMITS) {
    const field = `"${name}"`;
    const at = bytes.indexOf(field);
    if (at < 0) continue;
    const from = at + field.length;
    const found = DIGITS.exec(bytes.toString("latin1", from, from + LONGEST_NUMBER_BYTES));
    if (found !== null) return Number(found[1]);
  }
  return USUAL_OUTPUT_TOKENS;
}
