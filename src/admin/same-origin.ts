import { isIP } from "node:net";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

export function changesSomething(request: Request): boolean {
  return !SAFE_METHODS.has(request.method);
}

/**
 * Whether a browser's page of this very server sent the request. `Sec-Fetch-Site` is the browser's own word (only
 * over https and to loopback); otherwise `Origin` has to name the host that was asked. What says neither is no
 * browser's form. (Fetch Metadata, https://www.w3.org/TR/fetch-metadata; Origin, RFC 6454)
 */
export function isSameOrigin(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const origin = request.headers.get("origin");
  return origin !== null && originHost(origin) === hostOf(request, origin);
}

/** Null for `null` and for what is no origin. */
function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host || null : null;
}

/** The host that was asked, without the port that the origin's scheme means anyway. */
function hostOf(request: Request, origin: string): string {
  const host = request.headers.get("host") ?? "";
  const scheme = origin.startsWith("https:") ? "https" : "http";
  return URL.canParse(`${scheme}://${host}`) ? new URL(`${scheme}://${host}`).host : host;
}

/**
 * Whether the host that was asked is one that a foreign page cannot give itself: an address, or a name without a
 * dot. Any other name may have been bound to this machine by its owner (DNS rebinding), and then a page under it
 * counts as of the same origin; only a login keeps it out.
 */
export function isUnforgeableHost(request: Request): boolean {
  const host = request.headers.get("host") ?? "";
  if (!URL.canParse(`http://${host}`)) return false;
  const name = new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, "");
  return isIP(name) !== 0 || !name.includes(".") || /\.(localhost|local)$/.test(name);
}
