import { MovedOverPage } from "../../views/moved-over.tsx";
import { MAX_ROWS_WHILE_SERVING } from "./api/data.ts";
import type { PageContext } from "./page-context.ts";
import { page } from "./render.tsx";

/** Takes over what `offer` found; pressed twice it adds nothing. */
export async function moveOver(context: PageContext): Promise<Response> {
  const { operations, keepOpen } = context.deps;
  keepOpen(context.request);
  const folder = operations.migration.offer()?.folder;
  const report = await operations.migration.run({
    ...(folder === undefined ? {} : { from: folder }),
    dryRun: false,
    actor: context.actor,
    maxRequests: MAX_ROWS_WHILE_SERVING,
  });
  return page(context, { title: "Moved over", section: "/" }, <MovedOverPage {...report} />);
}
