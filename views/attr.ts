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
