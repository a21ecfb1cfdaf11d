import type { Clock } from "../clock.ts";
import { randomToken, type SecretBox } from "../secrets.ts";
import type { Session, Storage } from "../storage/types.ts";
import { createEvent } from "./key-events.ts";
import { isPassword, type PasswordSource, passwordFingerprint, setPassword } from "./password.ts";

export type { Session } from "../storage/types.ts";

const SESSION_SECRET_FACT = "session_secret";
const PASSWORD_FINGERPRINT_FACT = "password_fingerprint";
const SECRET_BYTES = 32;
export const SESSION_MS = 7 * 86_400_000;
const TOUCH_EVERY_MS = 60_000;
const MAX_USER_AGENT_CHARS = 300;
/** Failed log-ins that are noted in a minute; what floods beyond it is not worth a row each. */
const MAX_FAILURE_EVENTS_A_MINUTE = 60;

export interface SessionOperations {
  /** 32 random bytes of this installation that sign the sessions' tokens; kept sealed. */
  signingSecret: Uint8Array;
  isPassword(given: string): Promise<boolean>;
  begin(address: string, userAgent: string): Promise<Session>;
  /** A session that is neither ended nor over; null for any other id. Notes when it was last seen. */
  find(id: string): Promise<Session | null>;
  end(id: string): Promise<void>;
  /** Those that live, the one seen last first. */
  list(): Promise<Session[]>;
  /** All but this one; `null`: all. Answers how many ended. */
  endOthers(keep: string | null): Promise<number>;
  /** Ends every session but `keep`. @throws ConflictError, InputError as `setPassword` does. */
  changePassword(next: string, keep: string | null): Promise<void>;
  noteFailure(address: string): Promise<void>;
}

export interface SessionOperationsDeps {
  storage: Storage;
  secretBox: SecretBox;
  adminPassword: string | undefined;
  clock: Clock;
}

/** Sessions made under another password than today's end here. Call after `ensurePassword`. */
export async function createSessionOperations(deps: SessionOperationsDeps): Promise<SessionOperations> {
  const { storage, clock } = deps;
  const source: PasswordSource = deps;
  const failures = { minute: 0, count: 0 };

  await storage.sessions.deleteExpired(clock.now());
  await endSessionsOfOtherPasswords(deps);

  // Read each time (some µs): another process may have ended it, by a new password.
  async function find(id: string): Promise<Session | null> {
    const now = clock.now();
    const session = await storage.sessions.get(id);
    if (session === null || session.expiresAt <= now) return null;
    if (now - session.lastSeenAt < TOUCH_EVERY_MS) return session;
    await storage.sessions.touch(id, now);
    return { ...session, lastSeenAt: now };
  }

  async function endOthers(keep: string | null): Promise<number> {
    const others = (await storage.sessions.list()).filter(({ id }) => id !== keep);
    for (const { id } of others) await storage.sessions.delete(id);
    return others.length;
  }

  return {
    signingSecret: await readSigningSecret(deps),
    find,
    isPassword: (given) => isPassword(given, source),
    async begin(address, userAgent) {
      const now = clock.now();
      const session: Session = {
        id: randomToken(16),
        createdAt: now,
        lastSeenAt: now,
        expiresAt: now + SESSION_MS,
        address,
        userAgent: userAgent.slice(0, MAX_USER_AGENT_CHARS),
      };
      await storage.sessions.deleteExpired(now);
      await storage.sessions.insert(session);
      await storage.keyEvents.insert(createEvent(clock, "admin", "logged_in", `from ${address}`));
      return session;
    },
    end: (id) => storage.sessions.delete(id),
    async list() {
      const now = clock.now();
      return (await storage.sessions.list()).filter(({ expiresAt }) => expiresAt > now);
    },
    endOthers,
    async changePassword(next, keep) {
      await setPassword(next, source);
      await storage.facts.set(PASSWORD_FINGERPRINT_FACT, await passwordFingerprint(source, deps.secretBox));
      await endOthers(keep);
      await storage.keyEvents.insert(createEvent(clock, "admin", "password_changed"));
    },
    async noteFailure(address) {
      const minute = Math.floor(clock.now() / 60_000);
      if (failures.minute !== minute) Object.assign(failures, { minute, count: 0 });
      failures.count += 1;
      if (failures.count > MAX_FAILURE_EVENTS_A_MINUTE) return;
      await storage.keyEvents.insert(createEvent(clock, "admin", "login_failed", `from ${address}`));
    },
  };
}

/** Sessions made under the password of before end with it. */
export async function endSessionsOfOtherPasswords(
  deps: Pick<SessionOperationsDeps, "secretBox" | "adminPassword"> & {
    storage: Pick<Storage, "facts" | "sessions">;
  },
): Promise<void> {
  const { facts, sessions } = deps.storage;
  const fingerprint = await passwordFingerprint(deps, deps.secretBox);
  if ((await facts.get(PASSWORD_FINGERPRINT_FACT)) === fingerprint) return;
  await sessions.deleteAll();
  await facts.set(PASSWORD_FINGERPRINT_FACT, fingerprint);
}

async function readSigningSecret({ storage, secretBox }: SessionOperationsDeps): Promise<Uint8Array> {
  const stored = await storage.facts.get(SESSION_SECRET_FACT);
  if (stored !== null) return Buffer.from(secretBox.open(Buffer.from(stored, "base64")), "base64url");
  const made = randomToken(SECRET_BYTES);
  await storage.facts.set(SESSION_SECRET_FACT, Buffer.from(secretBox.seal(made)).toString("base64"));
  return Buffer.from(made, "base64url");
}
