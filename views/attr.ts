const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/**
 * Foreign text for an attribute's value. The JSX runtime escapes only the double quote there; without this
 * `&quot;` in a name would come back as a quote, and htmx, which rewrites `<hx-…` in an answer by text
 * before parsing it, would open the attribute from within.
 */
export function attr(text: string): string {
  return text.replace(/[&<>]/g, (character) => ENTITIES[character] ?? character);
}

/** A value for a script to read from an attribute with `JSON.parse`. */
export function jsonAttr(value: unknown): string {
  return attr(JSON.stringify(value));
}

/**
 * htmx marks every element that it serves. Where ours carry the mark from the start, a row that is still the same equals
 * the one on the page, and a look at a list of a hundred keys passes it over instead of going through all in it.
 */
export const SERVED_BY_HTMX = { "data-htmx-powered": "true" } as const;
