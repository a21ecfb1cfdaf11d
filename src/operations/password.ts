import { equalSecrets, generatePassword, hashPassword, type SecretBox, verifyPassword } from "../secrets.ts";
import type { Storage } from "../storage/types.ts";

export const PASSWORD_HASH_FACT = "password_hash";
/** Longer ones are refused unread: hashing them would cost what they please. */
const MAX_PASSWORD_CHARS = 1_000;

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

/** Tells one password from another without telling it: sessions live only under the one they were made with. */
export async function passwordFingerprint(
  { adminPassword, storage }: PasswordSource,
  secretBox: Pick<SecretBox, "fingerprint">,
): Promise<string> {
  const source = adminPassword ?? (await storage.facts.get(PASSWORD_HASH_FACT)) ?? "";
  return secretBox.fingerprint(`admin password: ${adminPassword === undefined ? "stored" : "set"} ${source}`);
}
