import { NEW_POOL } from "../../views/components/pool-field.tsx";
import { InputError } from "../types.ts";
import type { PageContext } from "./page-context.ts";

/** So that pools can be told apart: each new one begins with the next. */
const COLORS = ["#4a6fe3", "#0f9d7a", "#c2610c", "#9a43b5", "#b08a1e", "#cf3d6d", "#1484a5", "#5a861c"];
export const FIRST_ICON = "layers";

export async function newPoolLook({ deps }: PageContext): Promise<{ color: string; icon: string }> {
  const { length } = await deps.operations.pools.list();
  return { color: COLORS[length % COLORS.length] as string, icon: FIRST_ICON };
}

/** Does what a form asks for; where it asks for a new pool, that is made first, and taken away if the rest fails. */
export async function withNewPool<Result>(
  context: PageContext,
  form: URLSearchParams,
  act: () => Promise<Result>,
): Promise<Result> {
  if (form.get("pool_id") !== NEW_POOL) return act();
  const { pools } = context.deps.operations;
  const name = form.get("new_pool") ?? "";
  const pool = await pools.add({ ...(await newPoolLook(context)), name }, context.actor).catch((error) => {
    if (error instanceof InputError && error.fields.name !== undefined)
      throw new InputError(error.message, { new_pool: error.fields.name });
    throw error;
  });
  form.set("pool_id", pool.id);
  try {
    return await act();
  } catch (error) {
    await pools.remove(pool.id, context.actor);
    form.set("pool_id", NEW_POOL);
    throw error;
  }
}
