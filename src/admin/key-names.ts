import type { KeyOperations } from "../operations/types.ts";
import { NotFoundError } from "../types.ts";

/** Names of the keys that still exist, by id. */
export async function keyNames(
  keys: Pick<KeyOperations, "get">,
  ids: Iterable<string>,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const id of new Set(ids)) {
    try {
      names.set(id, (await keys.get(id)).name);
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
  return names;
}
