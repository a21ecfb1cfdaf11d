import { t } from "elysia";
import { KEY_LIMITS } from "../../operations/key-input.ts";
import { MAX_PAGE_ROWS } from "../../operations/list-page.ts";

/**
 * Shapes of bodies and queries. Bounds of values are told here and checked in `operations`, once for the API, the
 * pages and the commands; a `description` completes "give …" in the problem of its field.
 */

const { weight, priority, limit } = KEY_LIMITS;
const limitField = (what: string) =>
  t.Optional(
    t.Union([t.Number(), t.Null()], {
      description: `a whole number from ${limit.min} to ${limit.max} (${what}), or null for none`,
    }),
  );

/** As a key is given and as it is changed. */
export const keyFields = {
  name: t.Optional(t.String({ description: `text of at most ${KEY_LIMITS.nameMaxChars} characters` })),
  pool_id: t.Optional(t.Union([t.String(), t.Null()], { description: "the id of a pool, or null for none" })),
  upstream_id: t.Optional(t.String({ description: "the id of an upstream" })),
  tags: t.Optional(
    t.Array(t.String({ description: "text" }), {
      description: `a list of at most ${KEY_LIMITS.maxTags} texts`,
    }),
  ),
  weight: t.Optional(t.Number({ description: `a whole number from ${weight.min} to ${weight.max}` })),
  priority: t.Optional(
    t.Number({
      description: `a whole number from ${priority.min} to ${priority.max}; the lower is used first`,
    }),
  ),
  daily_limit: limitField("requests a day"),
  rpm_limit: limitField("requests a minute"),
  tpm_limit: limitField("tokens a minute"),
  max_concurrency: limitField("requests at once"),
  enabled: t.Optional(t.Boolean({ description: "true or false" })),
};

export const secretField = t.String({
  description: `${KEY_LIMITS.secretMinChars} to ${KEY_LIMITS.secretMaxChars} visible ASCII characters`,
});

/** What every list takes. */
export const listFields = {
  limit: t.Optional(t.Numeric({ description: `a whole number from 1 to ${MAX_PAGE_ROWS}` })),
  cursor: t.Optional(t.String({ description: "the next_cursor of the page before" })),
  q: t.Optional(t.String({ description: "text to look for" })),
  sort: t.Optional(t.String({ description: "a field's name, - before it for descending" })),
};

/** Unknown fields of a body are refused: a misspelt one must not go unnoticed. */
export function body<Fields extends Parameters<typeof t.Object>[0]>(fields: Fields) {
  return t.Object(fields, { additionalProperties: false });
}
