import type { PageContext } from "./page-context.ts";
import { sidebarCookie } from "./page-cookies.ts";
import { readForm } from "./page-form.ts";
import { backTo, redirect } from "./render.tsx";

/** Narrow or wide, from now on in this browser; the page that was open comes again. */
export async function foldSidebar(context: PageContext): Promise<Response> {
  const form = await readForm(context.request);
  return redirect(backTo(context, "/"), [["set-cookie", sidebarCookie(form.get("fold") === "1")]]);
}
