import { LoginPage, type LoginPageProps } from "../../views/login.tsx";
import type { PageContext } from "./page-context.ts";
import { readForm } from "./page-form.ts";
import { htmlResponse, redirect, themeOf } from "./render.tsx";

/** Why the login page came, by the address that led to it. */
const LEADS: Record<string, string> = {
  again: "Your session has ended. After the login go on in the other tab: what you typed is still there.",
  out: "You are logged out.",
};

export async function showLogin(context: PageContext): Promise<Response> {
  const { searchParams } = context.url;
  const next = localPath(searchParams.get("next"));
  const { caller } = await context.deps.access.decide(context.request);
  if (caller !== null) return redirect(next);
  return loginPage(context, next, LEADS[searchParams.get("why") ?? ""] ?? "", null);
}

export async function logIn(context: PageContext): Promise<Response> {
  const { deps, request } = context;
  const form = await readForm(request);
  const next = localPath(form.get("next"));
  const result = await deps.sessions.logIn({
    password: form.get("password") ?? "",
    client: deps.clientOf(request),
    userAgent: request.headers.get("user-agent") ?? "",
  });
  if (result.ok) return redirect(next, [["set-cookie", result.cookie]]);
  return loginPage(context, next, "", result);
}

export async function logOut(context: PageContext): Promise<Response> {
  return redirect("/login?why=out", [["set-cookie", await context.deps.sessions.logOut(context.request)]]);
}

function loginPage(
  context: PageContext,
  next: string,
  lead: string,
  error: LoginPageProps["error"],
): Response {
  const content = (
    <LoginPage
      lead={lead}
      error={error}
      next={next}
      now={context.reader.now}
      theme={themeOf(context.deps)}
      isFirst={context.deps.firstPasswordWaits()}
    />
  );
  const wait: [string, string][] =
    error !== null && error.waitS > 0 ? [["retry-after", String(error.waitS)]] : [];
  return htmlResponse(content, error === null ? 200 : 401, wait);
}

/** A path of this program; anything that could lead elsewhere becomes the dashboard. */
function localPath(next: string | null): string {
  if (next === null || !/^\/(?![/\\])/.test(next) || /[\\\s]/.test(next)) return "/";
  return next.startsWith("/login") || next.startsWith("/logout") ? "/" : next;
}
