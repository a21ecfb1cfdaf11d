import { jwt } from "@elysiajs/jwt";
import type { Clock } from "../clock.ts";
import type { Session } from "../operations/sessions.ts";

const ALGORITHM = "HS256";
const ISSUER = "load-balancer";
const SUBJECT = "admin";
/** A signed token of ours has about 250 characters; longer ones are not looked at. */
const MAX_TOKEN_CHARS = 1_000;

export interface SessionTokens {
  sign(session: Pick<Session, "id" | "expiresAt">): Promise<string>;
  /** The session id that a valid token names; null for any other text. */
  read(token: string): Promise<string | null>;
}

/** @param secret at least 32 random bytes, never a password. (RFC 7519; RFC 8725: algorithm and claims are required) */
export function createSessionTokens(secret: Uint8Array, clock: Pick<Clock, "now">): SessionTokens {
  const { tokens } = jwt({ name: "tokens", secret, alg: ALGORITHM }).decorator;
  return {
    sign: ({ id, expiresAt }) =>
      tokens.sign({ jti: id, iss: ISSUER, sub: SUBJECT, exp: Math.floor(expiresAt / 1_000) }),
    async read(token) {
      if (token.length > MAX_TOKEN_CHARS) return null;
      const claims = await tokens.verify(token, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        subject: SUBJECT,
        requiredClaims: ["jti", "exp", "iat"],
        currentDate: new Date(clock.now()),
      });
      return claims === false ? null : (claims.jti ?? null);
    },
  };
}
