/** What stands where a secret stood. */
export const REDACTED = "[redacted]";
/** A shorter "secret" would tear ordinary words apart. */
const SHORTEST_SECRET_CHARS = 4;

/**
 * What API keys look like, one line a family: a new provider's prefix is added here. Each pattern begins with a fixed
 * text and goes on with one class of characters, so that it is linear on any input.
 */
const KEY_SHAPES: readonly string[] = [
  "sk[-_][\\w-]{6,}", // OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-), DeepSeek, Moonshot, LiteLLM, Novita …
  "AIza[\\w-]{4,}", // Google
  "AQ\\.[\\w-]{16,}", // Google, newer
  "ya29\\.[\\w.-]{8,}", // Google OAuth
  "gsk_\\w{4,}", // Groq
  "hf_[A-Za-z0-9]{8,}", // Hugging Face
  "xai-[\\w-]{8,}", // xAI
  "nvapi-[\\w-]{4,}", // NVIDIA
  "r8_\\w{8,}", // Replicate
  "pplx-[\\w-]{8,}", // Perplexity
  "csk-[\\w-]{8,}", // Cerebras
  "fw_\\w{8,}", // Fireworks
  "tgp_v\\d_[\\w-]{8,}", // Together
  "ak-[\\w-]{8,}", // Moonshot's access key id
  "jina_\\w{8,}",
  "(?:gh[opsu]|github_pat)_\\w{8,}", // GitHub
  "AKIA[A-Z0-9]{12,}", // AWS
  "eyJ[\\w-]{8,}\\.[\\w.-]{8,}", // JSON Web Tokens (MiniMax, Azure AD)
  "[0-9a-f]{32}\\.[A-Za-z0-9]{16}", // Zhipu
];

const KEY_LIKE = new RegExp(`(?<![A-Za-z0-9])(?:${KEY_SHAPES.join("|")})`, "g");
/** Longer words after "Bearer" are tokens; shorter ones only where they hold a digit ("Bearer authentication"). */
const BEARER = /\b(Bearer\s{1,4})(?=[\w.~+/=-]{0,64}\d|[\w.~+/=-]{20})[\w.~+/=-]{8,}/gi;
/** A key without a known shape, but introduced as one: `x-api-key: …`, `?key=…`, `"api_key": "…"`. */
const INTRODUCED =
  /((?:api[-_ ]?key|subscription[-_ ]key|access[-_]token|[?&]key)"?\s{0,2}[:=]\s{0,2}"?)[\w.~+/-]{12,}/gi;

/**
 * The text without the given secrets (as they are, in JSON strings and in URLs) and without anything that looks like
 * an API key. Linear in the text's length. Secrets of fewer than 4 characters are left in.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  const longestFirst = secrets.length > 1 ? [...secrets].sort((a, b) => b.length - a.length) : secrets;
  for (const secret of longestFirst) {
    if (secret.length < SHORTEST_SECRET_CHARS) continue;
    for (const form of formsOf(secret)) clean = clean.replaceAll(form, () => REDACTED);
  }
  return clean
    .replace(BEARER, `$1${REDACTED}`)
    .replace(INTRODUCED, `$1${REDACTED}`)
    .replace(KEY_LIKE, REDACTED);
}

function formsOf(secret: string): Set<string> {
  return new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())]);
}
