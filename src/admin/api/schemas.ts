import { t } from "elysia";
import { KEY_LIMITS } from "../../operations/key-input.ts";
import { MAX_PAGE_ROWS } from "../../operations/list-page.ts";

/**
 * Shapes of bodies and queries. Bounds of values come from `operations`, stand here for the API's description and are
 * checked there (`shapeOf`); a `description` completes "give …" in the problem of its field.
 */

interface Bounds {
  min: number;
  max: number;
}

/** A whole number of a body, bounds included. `t.Integer` would take text as well. */
export function whole({ min, max }: Bounds, description = `a whole number from ${min} to ${max}`) {
  return t.Number({ minimum: min, maximum: max, multipleOf: 1, description });
}

/** The same in a query, where all is text. Its bounds are told here and checked by the operation. */
export function wholeText({ min, max }: Bounds, description = `a whole number from ${min} to ${max}`) {
  return t
    .Transform(t.String({ pattern: "^-?[0-9]{1,15}$", minimum: min, maximum: max, description }))
    .Decode(Number)
    .Encode(String);
}

/** One line of text. */
export function lineField(maxChars: number, examples: string[] = []) {
  return t.String({ description: `text of at most ${maxChars} characters`, maxLength: maxChars, examples });
}

/** One of some words. */
export function oneOf<const Name extends string>(names: readonly Name[]) {
  return t.Union(
    names.map((name) => t.Literal(name)),
    { description: `one of ${names.join(", ")}` },
  );
}

/** How a list may be sorted. */
export function sortField(sorts: object) {
  const names = Object.keys(sorts);
  return t.Optional(
    t.String({ description: `one of ${names.join(", ")}, - before it for descending`, examples: names }),
  );
}

const { weight, priority, limit } = KEY_LIMITS;
const limitField = (what: string) =>
  t.Optional(
    t.Union([whole(limit), t.Null()], {
      description: `a whole number from ${limit.min} to ${limit.max} (${what}), or null for none`,
    }),
  );

/** As a key is given and as it is changed. */
export const keyFields = {
  name: t.Optional(lineField(KEY_LIMITS.nameMaxChars, ["google-01"])),
  pool_id: t.Optional(t.Union([t.String(), t.Null()], { description: "the id of a pool, or null for none" })),
  upstream_id: t.Optional(t.String({ description: "the id of an upstream" })),
  tags: t.Optional(
    t.Array(t.String({ description: "text" }), {
      description: `a list of at most ${KEY_LIMITS.maxTags} texts of at most ${KEY_LIMITS.tagMaxChars} characters, without commas`,
      examples: [["free"]],
    }),
  ),
  weight: t.Optional(whole(weight)),
  priority: t.Optional(
    whole(priority, `a whole number from ${priority.min} to ${priority.max}; the lower is used first`),
  ),
  daily_limit: limitField("requests a day"),
  rpm_limit: limitField("requests a minute"),
  tpm_limit: limitField("tokens a minute"),
  max_concurrency: limitField("requests at once"),
  enabled: t.Optional(t.Boolean({ description: "true or false" })),
};

export const secretField = t.String({
  description: `${KEY_LIMITS.secretMinChars} to ${KEY_LIMITS.secretMaxChars} visible ASCII characters`,
  minLength: KEY_LIMITS.secretMinChars,
  maxLength: KEY_LIMITS.secretMaxChars,
  examples: ["AIzaSy-your-key"],
});

/** What every list takes. */
export const listFields = {
  limit: t.Optional(wholeText({ min: 1, max: MAX_PAGE_ROWS })),
  cursor: t.Optional(t.String({ description: "the next_cursor of the page before" })),
  q: t.Optional(t.String({ description: "text to look for" })),
  sort: t.Optional(t.String({ description: "a field's name, - before it for descending" })),
};

/** Unknown fields of a body are refused: a misspelt one must not go unnoticed. */
export function body<Fields extends Parameters<typeof t.Object>[0]>(fields: Fields) {
  return t.Object(fields, { additionalProperties: false });
}
