import type { Place } from "../../views/components/form-shell.tsx";
import { LivePartials } from "../../views/components/live.tsx";
import { type Notice, ToastPartial } from "../../views/components/notice.tsx";
import { THEMES, type Theme } from "../../views/document.tsx";
import { Layout } from "../../views/layout.tsx";
import { keysAsking } from "../../views/verdicts.ts";
import type { AssetName } from "../assets.ts";
import { banners } from "./banners.ts";
import { NAVIGATION } from "./navigation.ts";
import type { PageContext, PageDeps } from "./page-context.ts";
import { NO_NOTICE_COOKIE, noticeCookie, readFolded } from "./page-cookies.ts";

/**
 * Nothing may run, load or frame but our own files: no inline script, style or attribute of style.
 * `same-origin` because with `no-referrer` forms would send `Origin: null`.
 */
const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cache-control": "no-store",
};

interface PageInfo {
  title: string;
  /** The navigation item that it belongs to. */
  section: string;
  status?: number;
  /** Scripts and styles that only this page needs. */
  assets?: readonly AssetName[];
  /** The page's address in its shortest form, for the browser's address bar after a search. */
  address?: string;
}

export function htmlResponse(content: JSX.Element, status = 200, extra: [string, string][] = []): Response {
  const headers = new Headers({ ...SECURITY_HEADERS, "content-type": "text/html; charset=utf-8" });
  for (const [name, value] of extra) headers.append(name, value);
  // Every component is synchronous, so the JSX runtime has made a string of it.
  return new Response(content as string, { status, headers });
}

export function redirect(to: string, extra: [string, string][] = []): Response {
  const headers = new Headers({ ...SECURITY_HEADERS, location: to });
  for (const [name, value] of extra) headers.append(name, value);
  return new Response(null, { status: 303, headers });
}

export function themeOf(deps: PageDeps): Theme {
  const { theme } = deps.operations.settings.current();
  return THEMES.find((known) => known === theme) ?? "auto";
}

/** A page in its frame; to htmx, which asks for the living part, only that. */
export async function page(context: PageContext, info: PageInfo, body: JSX.Element): Promise<Response> {
  const { deps } = context;
  const keysInNeed = keysAsking(deps.operations.keys.counts(), "a hand");
  if (context.part === "live") {
    const content = (
      <>
        {body}
        <LivePartials keysInNeed={keysInNeed} />
      </>
    );
    const isSearch = context.request.headers.get("hx-source")?.startsWith("form") === true;
    const address = (isSearch && info.address) || "false";
    return htmlResponse(content, info.status, [["hx-replace-url", address]]);
  }
  const content = (
    <Layout
      title={info.title}
      section={info.section}
      theme={themeOf(deps)}
      assets={info.assets}
      navigation={NAVIGATION}
      keysInNeed={keysInNeed}
      banners={await banners(deps, context.reader)}
      notice={context.notice}
      canLogOut={deps.requireAdminLogin}
      isFolded={readFolded(context.request)}
    >
      {body}
    </Layout>
  );
  return htmlResponse(
    content,
    info.status,
    context.notice === null ? [] : [["set-cookie", NO_NOTICE_COOKIE]],
  );
}

/** Where a form is to be shown to this reader. */
export function placeOf(context: PageContext): Place {
  return context.part === null ? "page" : "dialog";
}

/** A form: the dialog's content for htmx, a page of its own otherwise. */
export function formPage(
  context: PageContext,
  info: PageInfo,
  form: JSX.Element,
): Promise<Response> | Response {
  return context.part === null ? page(context, info, form) : htmlResponse(form, info.status);
}

/** An action is done: the open page says so and looks again; without scripts the page `to` does. */
export function done(context: PageContext, notice: Notice, to: string): Response {
  if (context.part === null) return redirect(to, [["set-cookie", noticeCookie(notice)]]);
  return htmlResponse(<ToastPartial {...notice} />, 200, [["hx-trigger", "close-dialog, refresh-live"]]);
}

/** The same, where the page that is open can't stay: it leads on to `to`. */
export function doneElsewhere(context: PageContext, notice: Notice, to: string): Response {
  if (context.part === null) return done(context, notice, to);
  return htmlResponse("", 200, [
    ["hx-redirect", to],
    ["set-cookie", noticeCookie(notice)],
  ]);
}

/** The page that the reader came from, if it is one of ours and no form; `fallback` otherwise. */
export function backTo(context: PageContext, fallback: string): string {
  const referer = URL.parse(context.request.headers.get("referer") ?? "");
  if (referer === null || referer.host !== context.url.host) return fallback;
  const isForm = /\/(add|paste|edit|delete|import)$/.test(referer.pathname);
  return isForm ? fallback : referer.pathname + referer.search;
}
