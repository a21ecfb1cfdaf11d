import { jwt } from "@elysiajs/jwt";
import type { Clock } from "../clock.ts";
import { randomToken, type SecretBox } from "../secrets.ts";
import type { Session, Storage } from "../storage/types.ts";

const SESSION_SECRET_FACT = "session_secret";
const SECRET_BYTES = 32;
const ALGORITHM = "HS256";
const ISSUER = "load-balancer";
/** A signed token of ours has about 250 characters; longer ones are not looked at. */
const MAX_TOKEN_CHARS = 1_000;

export interface SessionTokens {
  sign(session: Pick<Session, "id" | "expiresAt">): Promise<string>;
  /** The session id that a valid token names; null for any other text. */
  read(token: string): Promise<string | null>;
}

/** Signed with 32 random bytes of this installation, never with the password. (RFC 7519, RFC 8725) */
export async function createSessionTokens(
  storage: Pick<Storage, "facts">,
  secretBox: Pick<SecretBox, "seal" | "open">,
  clock: Pick<Clock, "now">,
): Promise<SessionTokens> {
  const secret = await sessionSecret(storage, secretBox);
  const { tokens } = jwt({ name: "tokens", secret, alg: ALGORITHM }).decorator;
  return {
    sign: ({ id, expiresAt }) =>
      tokens.sign({ jti: id, iss: ISSUER, sub: "admin", exp: Math.floor(expiresAt / 1_000) }),
    async read(token) {
      if (token.length > MAX_TOKEN_CHARS) return null;
      const claims = await tokens.verify(token, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        subject: "admin",
        requiredClaims: ["jti", "exp", "iat"],
        currentDate: new Date(clock.now()),
      });
      return claims === false ? null : (claims.jti ?? null);
    },
  };
}

async function sessionSecret(
  storage: Pick<Storage, "facts">,
  secretBox: Pick<SecretBox, "seal" | "open">,
): Promise<Uint8Array> {
  const stored = await storage.facts.get(SESSION_SECRET_FACT);
  if (stored !== null) return Buffer.from(secretBox.open(Buffer.from(stored, "base64")), "base64url");
  const made = randomToken(SECRET_BYTES);
  await storage.facts.set(SESSION_SECRET_FACT, Buffer.from(secretBox.seal(made)).toString("base64"));
  return Buffer.from(made, "base64url");
}
