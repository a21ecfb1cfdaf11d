import type { Seen } from "../operations/revision.ts";
import { ChangedError } from "../types.ts";
import { type Refusal, refusalOf } from "./refusal.ts";

/** What a form shows of a thing that it changes: a hidden field holds the revision that it was made from. */
export function seenIn(form: URLSearchParams): Seen {
  const revision = form.get("seen");
  return revision ? [revision] : undefined;
}

/**
 * Why a change was refused, and the revision that the form holds from now on. Where somebody else changed the thing
 * meanwhile, the form comes back with what was typed and what is different now, and can be saved again.
 * @param now The thing's revision and, by the names of the form's fields, what is in force.
 * @throws whatever is no refusal of the input.
 */
export function refusalOfChange(
  error: unknown,
  form: URLSearchParams,
  now: { revision: string; values: Record<string, string> },
): { refusal: Refusal; seen: string } {
  if (!(error instanceof ChangedError)) return { refusal: refusalOf(error), seen: form.get("seen") ?? "" };
  const differing = Object.entries(now.values)
    .filter(([name, value]) => (form.get(name) ?? value) !== value)
    .map(([name]) => name.replace(/_id$/, "").replaceAll("_", " "));
  const where = differing.length === 0 ? "" : ` It differs from yours in: ${differing.join(", ")}.`;
  const message = `Somebody changed this meanwhile, so nothing was saved.${where} Save again to put yours in its place.`;
  return { refusal: { message, fields: {} }, seen: now.revision };
}
