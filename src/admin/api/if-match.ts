import { InputError } from "../../types.ts";

const MAX_CHARS = 1_000;
/** `W/` is what a proxy that compresses makes of an etag; what it names is the same. */
const ETAGS = /^(?:W\/)?"[^"]*"(?:\s*,\s*(?:W\/)?"[^"]*")*$/;

export function etagOf(revision: string): string {
  return `"${revision}"`;
}

/** The revisions that `If-Match` names; undefined where it is missing or `*`. @throws InputError for anything else. */
export function readIfMatch(headers: Headers): string[] | undefined {
  const text = headers.get("if-match")?.trim() ?? "*";
  if (text === "*") return undefined;
  if (text.length > MAX_CHARS || !ETAGS.test(text)) {
    throw new InputError("Check the header if-match.", { "if-match": "give the etag as it was answered" });
  }
  return [...text.matchAll(/"([^"]*)"/g)].map(([, revision]) => revision ?? "");
}
