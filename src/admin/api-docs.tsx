import { ApiDocs } from "../../views/api-docs.tsx";
import { docsOf } from "./api/docs.ts";
import type { PageContext } from "./page-context.ts";
import { page } from "./render.tsx";

/** The API's description for people. */
export function showApiDocs(context: PageContext): Promise<Response> {
  const { deps, request, url } = context;
  const origin = `${deps.clientOf(request).https ? "https" : "http"}://${url.host}`;
  const props = docsOf(deps.describeApi(), origin);
  return page(context, { title: "API", section: "/settings" }, <ApiDocs {...props} />);
}
