import { isIP } from "node:net";
import { ProxyError } from "./errors.ts";

export interface ClientAuthOptions {
  /** Whether a master key is set; without one the proxy is open. */
  masterKeyRequired: boolean;
  /** Compares in constant time. */
  isMasterKey(shown: string): boolean;
}

/**
 * Lets a client in or throws the error that it gets: a missing or wrong key, or a foreign page.
 * @param isInvitedPage It is a page of another site that the settings allow.
 */
export function checkClient(headers: Headers, options: ClientAuthOptions, isInvitedPage = false): void {
  if (!options.masterKeyRequired) {
    if (!isInvitedPage) refuseForeignPages(headers);
    return;
  }
  const shown = shownKey(headers);
  if (shown === null) {
    throw new ProxyError("invalid_api_key", "Send the master key as `Authorization: Bearer MASTER_API_KEY`.");
  }
  if (!options.isMasterKey(shown)) {
    throw new ProxyError(
      "invalid_api_key",
      "The API key is wrong: it must be the MASTER_API_KEY of this server.",
    );
  }
}

function shownKey(headers: Headers): string | null {
  const authorization = headers.get("authorization");
  if (authorization !== null && /^bearer /i.test(authorization)) return authorization.slice(7).trim();
  return headers.get("x-api-key") ?? headers.get("api-key");
}

/**
 * An open proxy may be used by every program on this machine, so a web page that is open in a browser there must
 * not reach it. A page's own host counts as ours only by an address or a loopback name: any other name may have
 * been pointed here by the page's owner (DNS rebinding).
 */
function refuseForeignPages(headers: Headers): void {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  if (site === null && origin === null) return;
  if (site === "cross-site" || (origin !== null && !isOwnOrigin(origin, headers.get("host")))) {
    throw new ProxyError(
      "cross_site_refused",
      "This proxy is open to programs on this machine, not to web pages of other sites. Set MASTER_API_KEY to change that.",
    );
  }
}

function isOwnOrigin(origin: string, host: string | null): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  const name = url.hostname.replace(/^\[|\]$/g, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  if (isIP(name) === 0) return false;
  return name === "::1" || name.startsWith("127.") || url.host === host;
}
