import type { Notice } from "../../views/components/notice.tsx";
import { knownTimeZone } from "../../views/format.ts";

const NOTICE = "lb_notice";
const MAX_TEXT_CHARS = 500;
const NOTICE_LIFE_S = 30;
/** Only what the pages themselves offer to take back. */
const UNDO = /^\/keys\/(bulk\/)?[0-9a-f-]{36}\/(enable|restore|undo)$/;

/** A notice on its way through a redirect, for readers without scripts. */
export function noticeCookie(notice: Notice): string {
  const value = encodeURIComponent(
    JSON.stringify({ ...notice, text: notice.text.slice(0, MAX_TEXT_CHARS).toWellFormed() }),
  );
  return `${NOTICE}=${value}; Path=/; Max-Age=${NOTICE_LIFE_S}; HttpOnly; SameSite=Strict`;
}

export const NO_NOTICE_COOKIE = `${NOTICE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict`;

/** What a browser sends back may have been made by anyone on this host: it is text, and leads nowhere else. */
export function readNotice(request: Request): Notice | null {
  try {
    const { kind, text, undo } = JSON.parse(readCookie(request, NOTICE) ?? "null") ?? {};
    if ((kind !== "ok" && kind !== "bad") || typeof text !== "string") return null;
    const takesBack = typeof undo === "string" && UNDO.test(undo);
    return { kind, text: text.slice(0, MAX_TEXT_CHARS), ...(takesBack && { undo }) };
  } catch {
    return null;
  }
}

/** The reader's time zone, as `boot.js` left it. */
export function readTimeZone(request: Request): string {
  return knownTimeZone(readCookie(request, "lb_time_zone"));
}

const COLUMNS = "lb_key_columns";
const YEAR_S = 31_536_000;

/** The columns of the list of keys that this browser chose last; empty: the usual ones. */
export function columnsCookie(columns: string): string {
  return `${COLUMNS}=${columns}; Path=/; Max-Age=${columns === "" ? 0 : YEAR_S}; HttpOnly; SameSite=Strict`;
}

export function readColumns(request: Request): string {
  return readCookie(request, COLUMNS) ?? "";
}

const SIDEBAR = "lb_sidebar";

/** Whether this browser wants the sidebar narrow. */
export function sidebarCookie(isFolded: boolean): string {
  return `${SIDEBAR}=${isFolded ? "narrow" : ""}; Path=/; Max-Age=${isFolded ? YEAR_S : 0}; HttpOnly; SameSite=Strict`;
}

export function readFolded(request: Request): boolean {
  return readCookie(request, SIDEBAR) === "narrow";
}

function readCookie(request: Request, name: string): string | undefined {
  const prefix = `${name}=`;
  const found = (request.headers.get("cookie") ?? "")
    .split(";")
    .find((part) => part.trim().startsWith(prefix));
  if (found === undefined) return undefined;
  try {
    return decodeURIComponent(found.trim().slice(prefix.length));
  } catch {
    return undefined;
  }
}
