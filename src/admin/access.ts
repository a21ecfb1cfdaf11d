import type { Session } from "../operations/sessions.ts";
import type { ClientOf } from "./client.ts";
import { changesSomething, isSameOrigin, isUnforgeableHost } from "./same-origin.ts";
import type { Sessions } from "./session.ts";

/** Who calls the admin side: a person with a session (or without, where no login is asked for), or a script. */
interface Caller {
  actor: "admin" | "api";
  session: Session | null;
}
export interface Refusal {
  status: 401 | 403;
  code: "unauthorized" | "cross_site_refused";
  message: string;
}
type Decision = { caller: Caller; refusal: null } | { caller: null; refusal: Refusal };

/** The one place that decides who may call pages and API of the admin side. */
export interface Access {
  decide(request: Request): Promise<Decision>;
}

export interface AccessDeps {
  requireAdminLogin: boolean;
  /** Compares with ADMIN_API_TOKEN in constant time; false where none is set. */
  isApiToken(shown: string): boolean;
  sessions: Pick<Sessions, "sessionOf">;
  clientOf: ClientOf;
}

/**
 * A bearer token stands for itself, for no browser sends it unasked. A cookie, or an admin side without login, may
 * change something only from a page of this server.
 */
export function createAccess({ requireAdminLogin, isApiToken, sessions, clientOf }: AccessDeps): Access {
  return {
    async decide(request) {
      const shown = bearerOf(request);
      if (shown !== null && isApiToken(shown)) {
        return { caller: { actor: "api", session: null }, refusal: null };
      }
      const session = shown === null ? await sessions.sessionOf(request) : null;
      if (session === null && requireAdminLogin) return refuse(UNAUTHORIZED);
      if (session === null && !isUnforgeableHost(request) && !clientOf(request).proxied)
        return refuse(FOREIGN_HOST);
      if (changesSomething(request) && !isSameOrigin(request)) return refuse(CROSS_SITE);
      return { caller: { actor: "admin", session }, refusal: null };
    },
  };
}

const UNAUTHORIZED: Refusal = {
  status: 401,
  code: "unauthorized",
  message: "Log in, or send the header Authorization: Bearer ADMIN_API_TOKEN.",
};
export const CROSS_SITE: Refusal = {
  status: 403,
  code: "cross_site_refused",
  message: "A change must come from a page of this server, or with the admin API token.",
};
const FOREIGN_HOST: Refusal = {
  status: 403,
  code: "cross_site_refused",
  message:
    "Without a login the admin side answers to an IP address or to localhost only: any web page could give itself " +
    "another name. Set REQUIRE_ADMIN_LOGIN=true, or name the proxy in front in TRUSTED_PROXIES.",
};

function refuse(refusal: Refusal): Decision {
  return { caller: null, refusal };
}

export function bearerOf(request: Request): string | null {
  return /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? null;
}
