import type { KeyInput, KeyPatch } from "./types.ts";

/** Every bound of a key's fields; API schemas and forms show the same numbers. */
export const KEY_LIMITS = {
  secretMinChars: 8,
  secretMaxChars: 500,
  nameMaxChars: 100,
  maxTags: 20,
  tagMaxChars: 40,
  weight: { min: 1, max: 1_000, default: 1 },
  /** A lower number is used first. */
  priority: { min: 0, max: 100, default: 0 },
  limit: { min: 1, max: 1_000_000_000 },
  maxKeys: 100_000,
} as const;

type Reading = { value: unknown } | { problem: string };
type Read = (given: unknown) => Reading;
type KeyField = keyof KeyInput;

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_CHARACTER = /[\x00-\x1f\x7f-\x9f]/;

/** One line of text without control characters, spaces around it removed; the problem in words, or null. */
export function textProblem(text: string, maxChars: number): string | null {
  if (text.length > maxChars) return `give at most ${maxChars} characters`;
  if (CONTROL_CHARACTER.test(text)) return "give it without line breaks and control characters";
  return null;
}

const readSecret: Read = (given) => {
  if (typeof given !== "string") return { problem: "give text" };
  const value = given.trim();
  const { secretMinChars: min, secretMaxChars: max } = KEY_LIMITS;
  if (value.length < min || value.length > max) return { problem: `give ${min} to ${max} characters` };
  if (!VISIBLE_ASCII.test(value))
    return { problem: "give visible ASCII characters only, without spaces inside" };
  return { value };
};

const readName: Read = (given) => {
  if (typeof given !== "string") return { problem: "give text" };
  const value = given.trim();
  const problem = textProblem(value, KEY_LIMITS.nameMaxChars);
  return problem === null ? { value } : { problem };
};

const readTags: Read = (given) => {
  if (!Array.isArray(given)) return { problem: "give a list of texts" };
  const tags = new Set<string>();
  for (const tag of given) {
    if (typeof tag !== "string") return { problem: "give a list of texts" };
    const text = tag.trim();
    if (text === "") continue;
    if (text.includes(",")) return { problem: "give tags without commas in them" };
    const problem = textProblem(text, KEY_LIMITS.tagMaxChars);
    if (problem !== null) return { problem: `${problem} in a tag` };
    tags.add(text);
  }
  if (tags.size > KEY_LIMITS.maxTags) return { problem: `give at most ${KEY_LIMITS.maxTags} tags` };
  return { value: [...tags] };
};

function readWhole({ min, max }: { min: number; max: number }): Read {
  return (given) =>
    typeof given === "number" && Number.isSafeInteger(given) && given >= min && given <= max
      ? { value: given }
      : { problem: `give a whole number from ${min} to ${max}` };
}

const readLimit: Read = (given) => {
  if (given === null) return { value: null };
  const reading = readWhole(KEY_LIMITS.limit)(given);
  return "problem" in reading ? { problem: `${reading.problem}, or null for none` } : reading;
};

const readBoolean: Read = (given) =>
  typeof given === "boolean" ? { value: given } : { problem: "give true or false" };

const readId: Read = (given) => (typeof given === "string" ? { value: given } : { problem: "give an id" });
const readIdOrNull: Read = (given) => (given === null ? { value: null } : readId(given));

/** THE table of a key's fields: what the API and the forms call each, and how it is read. */
export const KEY_FIELDS: Record<KeyField, { wireName: string; read: Read }> = {
  secret: { wireName: "secret", read: readSecret },
  name: { wireName: "name", read: readName },
  poolId: { wireName: "pool_id", read: readIdOrNull },
  upstreamId: { wireName: "upstream_id", read: readId },
  tags: { wireName: "tags", read: readTags },
  weight: { wireName: "weight", read: readWhole(KEY_LIMITS.weight) },
  priority: { wireName: "priority", read: readWhole(KEY_LIMITS.priority) },
  dailyLimit: { wireName: "daily_limit", read: readLimit },
  rpmLimit: { wireName: "rpm_limit", read: readLimit },
  tpmLimit: { wireName: "tpm_limit", read: readLimit },
  maxConcurrency: { wireName: "max_concurrency", read: readLimit },
  enabled: { wireName: "enabled", read: readBoolean },
};

export type RawKeyFields = Partial<Record<KeyField, unknown>>;

/** Reads the fields that are given (undefined: not given); `problems` by the names of the API and the forms. */
export function readKeyFields(raw: RawKeyFields): { values: KeyPatch; problems: Record<string, string> } {
  const values: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const [field, { wireName, read }] of Object.entries(KEY_FIELDS)) {
    const given = raw[field as KeyField];
    if (given === undefined) continue;
    const reading = read(given);
    if ("problem" in reading) problems[wireName] = reading.problem;
    else values[field] = reading.value;
  }
  return { values: values as KeyPatch, problems };
}
