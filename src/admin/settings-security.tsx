import { type Secret, SettingsSecurity, type ShownSession } from "../../views/settings-security.tsx";
import { plural, sentence } from "../../views/verdicts.ts";
import { InputError } from "../types.ts";
import type { About, PageContext } from "./page-context.ts";
import { noticeCookie } from "./page-cookies.ts";
import { readForm } from "./page-form.ts";
import { page, redirect } from "./render.tsx";

const HERE = "/settings/security";
const INFO = { title: "Security", section: "/settings" };

/** The secrets of the environment: what follows where each is set, and where it is not. */
const SECRETS: { of: keyof About["isSet"]; name: string; set: string; unset: string }[] = [
  {
    of: "masterApiKey",
    name: "MASTER_API_KEY",
    set: "Clients must send it as their API key.",
    unset: "Clients need no API key.",
  },
  {
    of: "adminApiToken",
    name: "ADMIN_API_TOKEN",
    set: "Scripts may use the admin API with it, as a bearer token.",
    unset: "The admin API takes the session of a browser only.",
  },
  {
    of: "metricsToken",
    name: "METRICS_TOKEN",
    set: "A scraper may read /metrics with it.",
    unset: "/metrics takes the admin token or a session.",
  },
  {
    of: "encryptionKey",
    name: "ENCRYPTION_KEY",
    set: "Upstream keys are sealed under it.",
    unset: "Upstream keys are sealed under secret.key in the data folder: keep it with your backups.",
  },
];

export async function showSecurity(context: PageContext): Promise<Response> {
  return securityPage(context, {});
}

/** The present password goes before the new one is looked at; every other session ends with it. */
export async function changePassword(context: PageContext): Promise<Response> {
  const { deps, request, session } = context;
  const form = await readForm(request);
  const password = form.get("password") ?? "";
  if (password !== form.get("repeat"))
    return securityPage(context, { repeat: "This is not the same as the new password." });
  const known = deps.about.isSet.adminPassword
    ? ({ ok: true } as const)
    : await deps.sessions.confirm({ password: form.get("current") ?? "", client: deps.clientOf(request) });
  if (!known.ok) return securityPage(context, { current: known.message });
  try {
    await deps.sessionOperations.changePassword(password, session?.id ?? null);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return securityPage(context, { password: sentence(error.fields.password ?? error.message) });
  }
  return back("The password is changed. All other sessions ended.");
}

export async function endSession(context: PageContext): Promise<Response> {
  const id = (await readForm(context.request)).get("id") ?? "";
  await context.deps.sessionOperations.end(id);
  return back("The session ended.");
}

export async function endOtherSessions(context: PageContext): Promise<Response> {
  const ended = await context.deps.sessionOperations.endOthers(context.session?.id ?? null);
  return back(ended === 0 ? "There was no other session." : `${plural(ended, "session")} ended.`);
}

function back(text: string): Response {
  return redirect(HERE, [["set-cookie", noticeCookie({ kind: "ok", text })]]);
}

async function securityPage(
  context: PageContext,
  errors: Record<string, string | undefined>,
): Promise<Response> {
  const { deps, session, reader } = context;
  const sessions: ShownSession[] = (await deps.sessionOperations.list()).map((one) => ({
    ...one,
    isThis: one.id === session?.id,
  }));
  const secrets: Secret[] = SECRETS.map(({ of, name, set, unset }) => {
    const isSet = deps.about.isSet[of];
    return { name, isSet, meaning: isSet ? set : unset };
  });
  return page(
    context,
    { ...INFO, status: Object.keys(errors).length === 0 ? 200 : 422 },
    <SettingsSecurity
      isPasswordFixed={deps.about.isSet.adminPassword}
      errors={errors}
      sessions={sessions}
      hasLogin={deps.requireAdminLogin}
      secrets={secrets}
      reader={reader}
    />,
  );
}
