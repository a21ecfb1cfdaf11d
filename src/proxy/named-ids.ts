/** The fields of a request that name something which exists only in one account. */
const FIELDS = new Set([
  "input_file_id",
  "file_id",
  "file_ids",
  "training_file",
  "validation_file",
  "vector_store_ids",
  "previous_response_id",
  "conversation",
]);
/** The fields of an answer that name what the account made, beside `id`. */
const ANSWER_FIELDS = new Set([
  ...FIELDS,
  "output_file_id",
  "error_file_id",
  "result_files",
  "thread_id",
  "run_id",
  "container_id",
]);
/** A request that names more is odd; one owner is enough in any case. */
const MOST_IDS = 16;
/** A list's page may have ten thousand entries. */
const MOST_ANSWER_IDS = 20_000;
const MOST_VALUES = 20_000;
const DEEPEST = 12;
const LONGEST_ID_CHARS = 256;
const NO_IDS: readonly string[] = [];

/** In a text without any of these no field of `FIELDS` stands; `\\u` may hide one. */
const SIGNS = ["_id", "_file", "conversation", "\\u"];

/**
 * The ids that a request's JSON names, in its own order.
 * @param text What `json` was read from: most name nothing, which a look at it shows more cheaply than a walk.
 */
export function namedIds(json: unknown, text: string): readonly string[] {
  if (!SIGNS.some((sign) => text.includes(sign))) return NO_IDS;
  const ids = new Set<string>();
  walk(json, DEEPEST, { left: MOST_VALUES }, (name, value) => {
    if (FIELDS.has(name)) take(value, ids, MOST_IDS);
  });
  return [...ids];
}

/** The ids that an answer tells: its own, those of a list's entries, and of what belongs to them. */
export function answerIds(json: unknown): string[] {
  const ids = new Set<string>();
  if (typeof json !== "object" || json === null) return [];
  const { data, response } = json as { data?: unknown; response?: unknown };
  const entries: unknown[] = [json, response, ...(Array.isArray(data) ? data : [])];
  for (const entry of entries) {
    if (typeof entry !== "object" || entry === null) continue;
    for (const [name, value] of Object.entries(entry)) {
      if (name === "id" || ANSWER_FIELDS.has(name)) take(value, ids, MOST_ANSWER_IDS);
    }
  }
  return [...ids];
}

/** One id, several, or an object that has one: `conversation: {id}`. */
function take(value: unknown, ids: Set<string>, most: number): void {
  const found = Array.isArray(value) ? value : [isObject(value) ? value.id : value];
  for (const id of found) {
    if (typeof id === "string" && id !== "" && id.length <= LONGEST_ID_CHARS && ids.size < most) ids.add(id);
  }
}

function walk(
  value: unknown,
  depth: number,
  budget: { left: number },
  visit: (name: string, value: unknown) => void,
): void {
  if (typeof value !== "object" || value === null || depth === 0) return;
  // Token ids and vectors.
  if (Array.isArray(value) && typeof value[0] !== "object") return;
  for (const name in value) {
    budget.left -= 1;
    if (budget.left < 0) return;
    const member = (value as Record<string, unknown>)[name];
    if (!Array.isArray(value)) visit(name, member);
    if (typeof member === "object") walk(member, depth - 1, budget, visit);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
