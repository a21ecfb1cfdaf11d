import type { Clock } from "../clock.ts";
import { SESSION_MS, type Session, type SessionOperations } from "../operations/sessions.ts";
import type { Client } from "./client.ts";
import { GuessGuard } from "./guess-guard.ts";
import { createSessionTokens } from "./session-token.ts";

export const SESSION_COOKIE = "lb_session";
/** Tries that wait for their delay or for argon2 at once; so many that a few addresses can't fill it. */
const MAX_CHECKS = 200;
const BUSY_WAIT_S = 2;

interface LogInTry {
  password: string;
  client: Client;
  userAgent: string;
}
/** `message` is a sentence for the form, `waitS` seconds until another try; `unread`: refused without a look at it. */
export type PasswordResult = { ok: true } | { ok: false; unread: boolean; waitS: number; message: string };

/** `cookie` is a whole Set-Cookie value. */
export type LogInResult = { ok: true; cookie: string } | Extract<PasswordResult, { ok: false }>;

export interface Sessions {
  /** Asks for the password again before something grave; wrong tries count as those of the login do. */
  confirm(attempt: Pick<LogInTry, "password" | "client">): Promise<PasswordResult>;
  logIn(attempt: LogInTry): Promise<LogInResult>;
  /** Ends the request's session, if it has one; answers the Set-Cookie value that takes the cookie away. */
  logOut(request: Request): Promise<string>;
  /** The living session of the request's cookie. */
  sessionOf(request: Request): Promise<Session | null>;
}

/** Sessions as browsers carry them: a signed token in a cookie that no script can read. */
export function createSessions(operations: SessionOperations, clock: Clock): Sessions {
  const tokens = createSessionTokens(operations.signingSecret, clock);
  const guard = new GuessGuard(clock);
  let checking = 0;

  async function checkPassword(password: string, delayMs: number): Promise<boolean> {
    checking += 1;
    try {
      if (delayMs > 0) await Bun.sleep(delayMs);
      return await operations.isPassword(password);
    } finally {
      checking -= 1;
    }
  }

  async function sessionOf(request: Request): Promise<Session | null> {
    const token = readCookie(request);
    const id = token === null ? null : await tokens.read(token);
    return id === null ? null : operations.find(id);
  }

  async function confirm({ password, client: { address } }: Pick<LogInTry, "password" | "client">) {
    if (checking >= MAX_CHECKS) return refusal(BUSY_WAIT_S, false);
    const admission = guard.admit(address);
    if (!admission.admitted) return refusal(admission.waitS, admission.refused);
    if (await checkPassword(password, admission.delayMs)) {
      guard.succeeded(address);
      return { ok: true } as const;
    }
    await operations.noteFailure(address);
    const waitS = guard.waitS(address);
    return {
      ok: false,
      unread: false,
      waitS,
      message: `Wrong password. Try again in ${inWords(waitS)}.`,
    } as const;
  }

  return {
    sessionOf,
    confirm,
    async logIn({ password, client, userAgent }) {
      const result = await confirm({ password, client });
      if (!result.ok) return result;
      const session = await operations.begin(client.address, userAgent);
      const token = await tokens.sign(session);
      return { ok: true, cookie: cookieOf(token, SESSION_MS / 1_000, client.https) };
    },
    async logOut(request) {
      const session = await sessionOf(request);
      if (session !== null) await operations.end(session.id);
      return cookieOf("", 0, false);
    },
  };
}

function refusal(waitS: number, long: boolean): Extract<PasswordResult, { ok: false }> {
  const why = long ? "Too many wrong tries from this address." : "Too many tries.";
  return { ok: false, unread: true, waitS, message: `${why} Try again in ${inWords(waitS)}.` };
}

function inWords(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

function cookieOf(token: string, maxAgeS: number, https: boolean): string {
  const flags = `Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict`;
  return `${SESSION_COOKIE}=${token}; ${flags}${https ? "; Secure" : ""}`;
}

function readCookie(request: Request): string | null {
  for (const part of (request.headers.get("cookie") ?? "").split(";")) {
    const [name, value] = part.trim().split("=", 2);
    if (name === SESSION_COOKIE && value) return value;
  }
  return null;
}
