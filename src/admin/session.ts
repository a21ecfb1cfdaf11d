import type { Clock } from "../clock.ts";
import { createEvent } from "../operations/key-events.ts";
import { randomToken, type SecretBox } from "../secrets.ts";
import type { Session, Storage } from "../storage/types.ts";
import type { Client } from "./client.ts";
import { GuessGuard } from "./guess-guard.ts";
import { isPassword, type PasswordSource, passwordFingerprint } from "./password.ts";
import { createSessionTokens } from "./session-token.ts";

export const SESSION_COOKIE = "lb_session";
const PASSWORD_FINGERPRINT_FACT = "password_fingerprint";
const SESSION_DAYS = 7;
const SESSION_MS = SESSION_DAYS * 86_400_000;
const TOUCH_EVERY_MS = 60_000;
const MAX_CACHED = 1_000;
const MAX_USER_AGENT_CHARS = 300;
/** Tries that wait for their delay or for argon2 at once; so many that a few addresses can't fill it. */
const MAX_CHECKS = 200;
/** Failed log-ins that are noted in a minute; what floods beyond it is not worth a row each. */
const MAX_FAILURE_EVENTS_A_MINUTE = 60;

export interface LogInTry {
  password: string;
  client: Client;
  userAgent: string;
}
/** `cookie` is a whole Set-Cookie value; `message` a sentence for the form, `waitS` seconds until another try. */
export type LogInResult = { ok: true; cookie: string } | { ok: false; waitS: number; message: string };

export interface Sessions {
  logIn(attempt: LogInTry): Promise<LogInResult>;
  /** Ends the request's session, if it has one; answers the Set-Cookie value that takes the cookie away. */
  logOut(request: Request): Promise<string>;
  /** The living session of the request's cookie. */
  sessionOf(request: Request): Promise<Session | null>;
  /** Also for a changed password. */
  endAll(): Promise<void>;
}

export interface SessionDeps {
  storage: Storage;
  secretBox: SecretBox;
  adminPassword: string | undefined;
  clock: Clock;
}

/** Sessions made under another password than today's end here. Call after `ensurePassword`. */
export async function createSessions({
  storage,
  secretBox,
  adminPassword,
  clock,
}: SessionDeps): Promise<Sessions> {
  const source: PasswordSource = { adminPassword, storage };
  const tokens = await createSessionTokens(storage, secretBox, clock);
  const guard = new GuessGuard(clock);
  /** Living sessions by id, so that a polling page costs no query; a log-out empties its place at once. */
  const cache = new Map<string, Session>();
  const failures = { minute: 0, count: 0 };
  let checking = 0;
  /** Counts endings: what was read from storage before one may not enter the cache after it. */
  let endings = 0;

  await storage.sessions.deleteExpired(clock.now());
  const fingerprint = await passwordFingerprint(source, secretBox);
  if ((await storage.facts.get(PASSWORD_FINGERPRINT_FACT)) !== fingerprint) {
    await storage.sessions.deleteAll();
    await storage.facts.set(PASSWORD_FINGERPRINT_FACT, fingerprint);
  }

  async function noteFailure(address: string): Promise<void> {
    const minute = Math.floor(clock.now() / 60_000);
    if (failures.minute !== minute) Object.assign(failures, { minute, count: 0 });
    failures.count += 1;
    if (failures.count > MAX_FAILURE_EVENTS_A_MINUTE) return;
    await storage.keyEvents.insert(createEvent(clock, "admin", "login_failed", `from ${address}`));
  }

  async function begin({ client, userAgent }: LogInTry): Promise<string> {
    const now = clock.now();
    const session: Session = {
      id: randomToken(16),
      createdAt: now,
      lastSeenAt: now,
      expiresAt: now + SESSION_MS,
      address: client.address,
      userAgent: userAgent.slice(0, MAX_USER_AGENT_CHARS),
    };
    await storage.sessions.deleteExpired(now);
    await storage.sessions.insert(session);
    await storage.keyEvents.insert(createEvent(clock, "admin", "logged_in", `from ${client.address}`));
    return cookieOf(await tokens.sign(session), SESSION_MS / 1_000, client.https);
  }

  async function checkPassword(password: string, delayMs: number): Promise<boolean> {
    checking += 1;
    try {
      if (delayMs > 0) await Bun.sleep(delayMs);
      return await isPassword(password, source);
    } finally {
      checking -= 1;
    }
  }

  async function sessionOf(request: Request): Promise<Session | null> {
    const token = readCookie(request);
    const id = token === null ? null : await tokens.read(token);
    if (id === null) return null;
    const now = clock.now();
    const endingsBefore = endings;
    const session = cache.get(id) ?? (await storage.sessions.get(id));
    if (session === null || session.expiresAt <= now) return null;
    if (endings !== endingsBefore) return sessionOf(request);
    if (cache.size >= MAX_CACHED && !cache.has(id)) cache.clear();
    const seen = now - session.lastSeenAt >= TOUCH_EVERY_MS ? { ...session, lastSeenAt: now } : session;
    cache.set(id, seen);
    if (seen !== session) await storage.sessions.touch(id, now);
    return seen;
  }

  return {
    sessionOf,
    async logIn(attempt) {
      const { address } = attempt.client;
      if (checking >= MAX_CHECKS) return refusal(2, false);
      const admission = guard.admit(address);
      if (!admission.admitted) return refusal(admission.waitS, admission.refused);
      if (await checkPassword(attempt.password, admission.delayMs)) {
        guard.succeeded(address);
        return { ok: true, cookie: await begin(attempt) };
      }
      await noteFailure(address);
      const waitS = guard.waitS(address);
      return { ok: false, waitS, message: `Wrong password. Try again in ${inWords(waitS)}.` };
    },
    async logOut(request) {
      const session = await sessionOf(request);
      if (session !== null) {
        await storage.sessions.delete(session.id);
        endings += 1;
        cache.delete(session.id);
      }
      return cookieOf("", 0, false);
    },
    async endAll() {
      await storage.sessions.deleteAll();
      endings += 1;
      cache.clear();
    },
  };
}

function refusal(waitS: number, long: boolean): LogInResult {
  const why = long ? "Too many wrong tries from this address." : "Too many tries.";
  return { ok: false, waitS, message: `${why} Try again in ${inWords(waitS)}.` };
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
