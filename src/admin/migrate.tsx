import { MovedOverPage } from "../../views/moved-over.tsx";
import type { PageContext } from "./page-context.ts";
import { page } from "./render.tsx";

/** Some seconds in which nothing else happens; beyond it the command is named. */
const MAX_REQUESTS = 50_000;

/** Takes over what `offer` found; pressed twice it adds nothing. */
export async function moveOver(context: PageContext): Promise<Response> {
  const { operations, keepOpen } = context.deps;
  keepOpen(context.request);
  const folder = operations.migration.offer()?.folder;
  const report = await operations.migration.run({
    ...(folder === undefined ? {} : { from: folder }),
    dryRun: false,
    actor: context.actor,
    maxRequests: MAX_REQUESTS,
  });
  return page(context, { title: "Moved over", section: "/" }, <MovedOverPage {...report} />);
}
