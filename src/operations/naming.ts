import { ConflictError } from "../types.ts";
import { textProblem } from "./key-input.ts";

interface Named {
  id: string;
  name: string;
}

/** Pools and upstreams are named in addresses and before a model's name (`NAME/model`), so a name holds no slash. */
export function nameProblem(name: string, maxChars: number): string | null {
  return name === "" || name.includes("/") ? "give a name without /" : textProblem(name, maxChars);
}

/** @throws ConflictError where another one has the name, whatever the case of its letters. */
export function refuseTakenName(
  what: "a pool" | "an upstream",
  all: Iterable<Named>,
  { id, name }: Named,
): void {
  const wanted = name.toLowerCase();
  for (const other of all) {
    if (other.id !== id && other.name.toLowerCase() === wanted)
      throw new ConflictError(`There is ${what} called "${name}" already.`);
  }
}
