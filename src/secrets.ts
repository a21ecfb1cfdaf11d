import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { StartError } from "./types.ts";

/** Keeps upstream keys closed in storage. Opens nothing that another secret key sealed. */
export interface SecretBox {
  /** Version byte, 12-byte nonce, AES-256-GCM ciphertext of the UTF-8 text, 16-byte tag. */
  seal(text: string): Uint8Array;
  /** @throws Error where the bytes were changed or sealed under another key. */
  open(sealed: Uint8Array): string;
  /** 64 hex digits, the same for the same text under the same secret key: finds duplicates, tells nothing. */
  fingerprint(text: string): string;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEAL_VERSION = 1;
const KEY_FILE = "secret.key";
const CHECK_FACT = "secret_key_check";
const CHECK_TEXT = "load-balancer";
/** OWASP's argon2id parameters: 19 MiB and two passes, so that a few log-ins at once fit beside the streams. */
const ARGON2 = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;
/** 32 signs, so that 5 bits choose one; without l, o, 0 and 1. */
const PASSWORD_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789";
const PASSWORD_GROUPS = 4;
const PASSWORD_GROUP_CHARACTERS = 5;

/**
 * The secret key of this installation: `encryptionKey` (32 bytes, base64) where given, otherwise the file
 * `secret.key` of the data folder, made with mode 0600 where nothing was sealed so far.
 * @param hasData whether the database holds the fact `secret_key_check` or anything sealed.
 * @throws StartError where the file is missing though there is sealed data, or can't be used; nothing is overwritten.
 */
export function loadSecretKey(
  dataDir: string,
  encryptionKey: string | undefined,
  hasData: boolean,
): SecretBox {
  if (encryptionKey !== undefined) {
    const key = decodeKey(encryptionKey);
    if (key === null) throw new StartError("ENCRYPTION_KEY: give 32 bytes in base64.");
    return createSecretBox(key);
  }
  const path = join(dataDir, KEY_FILE);
  const text = readKeyFile(path);
  if (text !== null) {
    const key = decodeKey(text);
    if (key === null) {
      throw new StartError(
        `${path} is damaged, it should hold 32 bytes in base64: put it back from a backup.`,
      );
    }
    closeToOthers(path);
    return createSecretBox(key);
  }
  if (hasData) {
    throw new StartError(
      `${path} is missing, and the stored keys cannot be read without it: put it back from a backup, or set ` +
        "ENCRYPTION_KEY to what it held. If it is lost, move load-balancer.db away to begin with an empty one.",
    );
  }
  const key = randomBytes(KEY_BYTES);
  writeKeyFile(path, key.toString("base64"));
  return createSecretBox(key);
}

/** The secret key as text, for a backup that is to hold it. @throws StartError where there is none. */
export function readSecretKey(dataDir: string, encryptionKey: string | undefined): string {
  const text = encryptionKey ?? readKeyFile(join(dataDir, KEY_FILE));
  const key = text === null ? null : decodeKey(text);
  if (key === null) throw new StartError(`There is no secret key in ${dataDir} that could be put in.`);
  return Buffer.from(key).toString("base64");
}

/** Puts a secret key beside a restored database; another one that was there is kept under a name of its own. */
export function writeSecretKey(dataDir: string, text: string, stamp: string): void {
  const path = join(dataDir, KEY_FILE);
  const old = readKeyFile(path);
  if (old?.trim() === text) return;
  if (old !== null) renameSync(path, `${path}.before-restore-${stamp}`);
  writeKeyFile(path, text);
}

/** The box of a secret key as `readSecretKey` gives it. */
export function decodeSecretKey(text: string): SecretBox {
  const key = decodeKey(text);
  if (key === null) throw new StartError("The secret key in the backup is damaged: use another backup.");
  return createSecretBox(key);
}

/**
 * Proves by a sealed constant that this is the key under which the database was written; the first start stores it.
 * @throws StartError with another key.
 */
export async function checkSecretKey(
  box: SecretBox,
  facts: { get(name: string): Promise<string | null>; set(name: string, value: string): Promise<void> },
): Promise<void> {
  const stored = await facts.get(CHECK_FACT);
  if (stored === null) {
    await facts.set(CHECK_FACT, Buffer.from(box.seal(CHECK_TEXT)).toString("base64"));
    return;
  }
  try {
    if (box.open(Buffer.from(stored, "base64")) === CHECK_TEXT) return;
  } catch {
    // Said below: another key and a damaged constant look alike.
  }
  throw new StartError(
    "The secret key is not the one that the database was written with: put back the ENCRYPTION_KEY or the file " +
      `${KEY_FILE} that belongs to this data folder. Nothing was changed.`,
  );
}

/** @param key 32 bytes. */
export function createSecretBox(key: Uint8Array): SecretBox {
  const fingerprintKey = new Uint8Array(hkdfSync("sha256", key, "", "load-balancer fingerprint", KEY_BYTES));
  const header = Uint8Array.of(SEAL_VERSION);
  return {
    seal(text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(header);
      return Buffer.concat([header, nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed) {
      if (sealed.length < 1 + NONCE_BYTES + TAG_BYTES || sealed[0] !== SEAL_VERSION) {
        throw new Error("not a sealed value");
      }
      const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES }).setAAD(
        header,
      );
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      const body = sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
    },
    fingerprint: (text) => createHmac("sha256", fingerprintKey).update(text).digest("hex"),
  };
}

/** What people see of a secret: `AIza…x7Qk`; of a short one its first 2 characters at most. */
export function maskSecret(secret: string): string {
  const characters = [...secret];
  if (characters.length >= 16) return `${characters.slice(0, 4).join("")}…${characters.slice(-4).join("")}`;
  return characters.length >= 6 ? `${characters.slice(0, 2).join("")}…` : "…";
}

/** An argon2id hash in PHC form. */
export function hashPassword(password: string): Promise<string> {
  return Bun.password.hash(password, ARGON2);
}

/** False also for an empty password and for what is no hash. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  try {
    return await Bun.password.verify(password, hash);
  } catch {
    return false;
  }
}

/**
 * Whether two secrets are the same; the time tells neither where they differ nor the length of the expected one.
 * Compares SHA-256 digests: about 0.3 µs for keys of usual length.
 */
export function equalSecrets(given: string, expected: string): boolean {
  return timingSafeEqual(Bun.SHA256.hash(given) as Uint8Array, Bun.SHA256.hash(expected) as Uint8Array);
}

/** Random bytes in base64url. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}

/** 100 random bits for people to read and type: `k7m2x-…`. */
export function generatePassword(): string {
  const signs = [...randomBytes(PASSWORD_GROUPS * PASSWORD_GROUP_CHARACTERS)].map(
    (byte) => PASSWORD_ALPHABET[byte & 31],
  );
  const groups = Array.from({ length: PASSWORD_GROUPS }, (_, group) =>
    signs.slice(group * PASSWORD_GROUP_CHARACTERS, (group + 1) * PASSWORD_GROUP_CHARACTERS).join(""),
  );
  return groups.join("-");
}

function decodeKey(text: string): Buffer | null {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, "base64");
  return /^[\w+/-]{43}=?$/.test(trimmed) && key.length === KEY_BYTES ? key : null;
}

function readKeyFile(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    throw new StartError(`${path} cannot be read (${code}): give this program's user the right to read it.`);
  }
}

/** Windows keeps rights elsewhere; its modes say nothing. */
function closeToOthers(path: string): void {
  if (process.platform === "win32" || (statSync(path).mode & 0o077) === 0) return;
  try {
    chmodSync(path, 0o600);
  } catch {
    throw new StartError(
      `${path} can be read by other users: give it mode 0600, or set ENCRYPTION_KEY instead.`,
    );
  }
}

/** Written beside and renamed, file and folder synced: after a crash there is the whole key or none. */
function writeKeyFile(path: string, text: string): void {
  const draft = `${path}.new`;
  try {
    const file = openSync(draft, "w", 0o600);
    writeSync(file, `${text}\n`);
    fsyncSync(file);
    closeSync(file);
    renameSync(draft, path);
    if (process.platform === "win32") return;
    const folder = openSync(dirname(path), "r");
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `${path} cannot be written (${code}): make room, or give this program's user the right to.`,
    );
  }
}
