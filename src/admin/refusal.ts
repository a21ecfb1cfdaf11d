import { sentence } from "../../views/verdicts.ts";
import { ConflictError, InputError } from "../types.ts";

/** Wrong input, to be said in the form that it came from. */
export interface Refusal {
  message: string;
  fields: Record<string, string>;
}

/** @throws whatever is no refusal of the input. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof ConflictError) return { message: error.message, fields: {} };
  if (!(error instanceof InputError)) throw error;
  const fields = Object.entries(error.fields).map(([name, problem]) => [name, sentence(problem)]);
  // Where a field says what is wrong with it, a summary adds nothing.
  return { message: fields.length > 0 ? "" : error.message, fields: Object.fromEntries(fields) };
}
