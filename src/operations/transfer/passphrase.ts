import { scrypt } from "node:crypto";
import { createSecretBox, randomToken, type SecretBox } from "../../secrets.ts";
import type { ExportHead } from "../../storage/transfer-schema.ts";
import { InputError } from "../../types.ts";

const PASSPHRASE_CHARS = { min: 8, max: 1_000 } as const;
/** As OWASP asks of scrypt: 64 MiB for a moment, two passes. */
const COST = { n: 2 ** 16, r: 8, p: 2 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** What a file may ask for. */
const MAX_MEMORY_BYTES = 512 * 1024 * 1024;
const CHECK_TEXT = "load-balancer";

export type SealedSecrets = Exclude<ExportHead["secrets"], string>;

/** A box of its own for one export, and what the file must say of it. @throws InputError for a short passphrase. */
export async function sealUnder(passphrase: string): Promise<{ box: SecretBox; head: SealedSecrets }> {
  const { min, max } = PASSPHRASE_CHARS;
  if (passphrase.length < min || passphrase.length > max)
    throw new InputError(`The passphrase must have ${min} to ${max} characters.`, {
      passphrase: `give ${min} to ${max} characters`,
    });
  const salt = randomToken(SALT_BYTES);
  const box = await boxOf(passphrase, salt, COST);
  const check = toText(box.seal(CHECK_TEXT));
  return { box, head: { kdf: "scrypt", ...COST, salt, cipher: "aes-256-gcm", check } };
}

/** @throws InputError where it is not the passphrase that the file was sealed under. */
export async function openUnder(passphrase: string | undefined, head: SealedSecrets): Promise<SecretBox> {
  const problem = "give the passphrase that the file was exported under";
  if (passphrase === undefined || passphrase === "")
    throw new InputError("The secrets in the file are sealed under a passphrase.", { passphrase: problem });
  if (128 * head.n * head.r > MAX_MEMORY_BYTES || (head.n & (head.n - 1)) !== 0)
    throw new InputError("The file asks for a scrypt that no export of this program uses.");
  const box = await boxOf(passphrase, head.salt, head);
  if (openText(box, head.check) !== CHECK_TEXT)
    throw new InputError("The passphrase is not the one of the file.", { passphrase: problem });
  return box;
}

export function sealText(box: SecretBox, text: string): string {
  return toText(box.seal(text));
}

/** Null where it was not sealed in this box. */
export function openText(box: SecretBox, sealed: string): string | null {
  try {
    return box.open(Buffer.from(sealed, "base64"));
  } catch {
    return null;
  }
}

function boxOf(passphrase: string, salt: string, { n, r, p }: typeof COST): Promise<SecretBox> {
  const maxmem = 128 * n * r + 128 * r * p + 1024 * 1024;
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFC"), salt, KEY_BYTES, { N: n, r, p, maxmem }, (error, key) => {
      if (!error) resolve(createSecretBox(key));
      else reject(error);
    });
  });
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
