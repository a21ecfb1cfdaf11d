import { ToastPartial } from "../../views/components/notice.tsx";
import { ErrorBody, ErrorPage, SessionEnded } from "../../views/error.tsx";
import { ConflictError, InputError, NotFoundError, StorageError } from "../types.ts";
import { CROSS_SITE } from "./access.ts";
import { type PageContext, type PageDeps, type PageRoute, partOf } from "./page-context.ts";
import { readNotice, readTimeZone } from "./page-cookies.ts";
import { htmlResponse, page, redirect } from "./render.tsx";
import { changesSomething, isSameOrigin } from "./same-origin.ts";

/** One request's way: may they? → the page's handler → answer. Every error leaves it as a page or a notice. */
export async function answerPage(
  route: PageRoute,
  id: string,
  request: Request,
  deps: PageDeps,
  memory: Pick<PageContext, "tests" | "running">,
): Promise<Response> {
  const context: PageContext = {
    deps,
    request,
    url: new URL(request.url),
    id,
    actor: "admin",
    session: null,
    reader: { now: deps.clock.now(), timeZone: readTimeZone(request) },
    notice: readNotice(request),
    part: partOf(request),
    ...memory,
  };
  try {
    const refused = route.open ? refuseForeign(request) : await refuse(context);
    return refused ?? (await route.handle(context));
  } catch (error) {
    return errorAnswer(context, error);
  }
}

/** The login form is open to all, but not to a form of another site. */
function refuseForeign(request: Request): Response | null {
  if (!changesSomething(request) || isSameOrigin(request)) return null;
  return htmlResponse(<ErrorPage title="Refused" text={CROSS_SITE.message} />, CROSS_SITE.status);
}

async function refuse(context: PageContext): Promise<Response | null> {
  const { caller, refusal } = await context.deps.access.decide(context.request);
  if (caller !== null) {
    context.actor = caller.actor;
    context.session = caller.session;
    return null;
  }
  if (refusal.status === 401) return toLogin(context);
  return htmlResponse(<ErrorPage title="Refused" text={refusal.message} />, refusal.status);
}

/**
 * Where nothing is lost by it, the way leads over the login and back. An open page stays as it is and shows a link to
 * the login (`app.js`); a form that was sent without scripts is sent again by loading its answer again.
 */
function toLogin({ request, url, part }: PageContext): Response {
  if (part !== null) return htmlResponse("", 401);
  if (changesSomething(request)) return htmlResponse(<SessionEnded />, 401);
  const next = url.pathname + url.search;
  return redirect(next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`);
}

interface ErrorWords {
  status: number;
  title: string;
  text: string;
}

function errorWords(context: PageContext, error: unknown): ErrorWords {
  if (error instanceof NotFoundError) return { status: 404, title: "Not found", text: error.message };
  if (error instanceof ConflictError) return { status: 409, title: "Not possible", text: error.message };
  if (error instanceof InputError) return { status: 422, title: "Not understood", text: error.message };
  if (error instanceof StorageError) return { status: 503, title: "Not stored", text: error.message };
  const { clock, logger } = context.deps;
  const requestId = clock.id();
  const { method } = context.request;
  logger.error("an admin page failed inside this program", {
    request_id: requestId,
    method,
    path: context.url.pathname,
    error,
  });
  const text = `A fault of this program, not of yours. Its log has it under ${requestId}.`;
  return { status: 500, title: "Something failed inside", text };
}

async function errorAnswer(context: PageContext, error: unknown): Promise<Response> {
  const words = errorWords(context, error);
  if (context.part !== null) {
    // What the open page shows is gone: it leads back to the list.
    if (context.part === "live" && words.status === 404)
      return htmlResponse("", 404, [["hx-redirect", listOf(context.url)]]);
    if (words.status === 500) return htmlResponse("", 500);
    return htmlResponse(<ToastPartial kind="bad" text={words.text} />, 200, [["hx-trigger", "refresh-live"]]);
  }
  try {
    return await page(
      context,
      { title: words.title, section: "", status: words.status },
      <ErrorBody {...words} />,
    );
  } catch {
    return htmlResponse(<ErrorPage {...words} />, words.status);
  }
}

function listOf(url: URL): string {
  return `/${url.pathname.split("/")[1] ?? ""}`;
}
