import { equalSecrets, generatePassword, hashPassword, type SecretBox, verifyPassword } from "../secrets.ts";
import type { Storage } from "../storage/types.ts";
import { ConflictError, InputError } from "../types.ts";

export const PASSWORD_HASH_FACT = "password_hash";
/** Longer ones are refused unread: hashing them would cost what they please. */
const MAX_PASSWORD_CHARS = 1_000;
/** Shorter ones are guessed too soon. */
const MIN_PASSWORD_CHARS = 10;

export interface PasswordSource {
  /** ADMIN_PASSWORD: while it is set, it wins over the stored one. */
  adminPassword: string | undefined;
  storage: Pick<Storage, "facts">;
}

/**
 * At the first start makes a password, stores its argon2id hash and returns it, this once; null where there is one
 * already. Whoever calls shows it.
 */
export async function ensurePassword({ adminPassword, storage }: PasswordSource): Promise<string | null> {
  if (adminPassword !== undefined || (await storage.facts.get(PASSWORD_HASH_FACT)) !== null) return null;
  const password = generatePassword();
  await storage.facts.set(PASSWORD_HASH_FACT, await hashPassword(password));
  return password;
}

export async function isPassword(
  given: string,
  { adminPassword, storage }: PasswordSource,
): Promise<boolean> {
  if (given.length > MAX_PASSWORD_CHARS) return false;
  if (adminPassword !== undefined) return equalSecrets(given, adminPassword);
  const hash = await storage.facts.get(PASSWORD_HASH_FACT);
  return hash !== null && (await verifyPassword(given, hash));
}

/**
 * Puts another password in the place of the stored one.
 * @throws ConflictError while ADMIN_PASSWORD is set, for that would win; InputError for one that cannot be used.
 */
export async function setPassword(next: string, { adminPassword, storage }: PasswordSource): Promise<void> {
  if (adminPassword !== undefined) {
    throw new ConflictError("ADMIN_PASSWORD is set and wins: change it there, and start again.");
  }
  if (next.length < MIN_PASSWORD_CHARS || next.length > MAX_PASSWORD_CHARS) {
    const problem = `give ${MIN_PASSWORD_CHARS} to ${MAX_PASSWORD_CHARS} characters`;
    throw new InputError("This password cannot be used.", { password: problem });
  }
  await storage.facts.set(PASSWORD_HASH_FACT, await hashPassword(next));
}

/** Tells one password from another without telling it: sessions live only under the one they were made with. */
export async function passwordFingerprint(
  { adminPassword, storage }: PasswordSource,
  secretBox: Pick<SecretBox, "fingerprint">,
): Promise<string> {
  const source = adminPassword ?? (await storage.facts.get(PASSWORD_HASH_FACT)) ?? "";
  return secretBox.fingerprint(`admin password: ${adminPassword === undefined ? "stored" : "set"} ${source}`);
}
