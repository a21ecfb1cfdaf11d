import type { SecretBox } from "../secrets.ts";
import { settingRows } from "../settings.ts";
import type { Storage } from "../storage/types.ts";

/** How storage holds a secret setting: base64 of what the secret box sealed. */
interface Sealed {
  sealed: string;
}

const secretNames: readonly string[] = settingRows
  .filter(({ type }) => type.isSecret)
  .map(({ name }) => name);

/** @param stored values by snake_case name; those of secret settings come out sealed. */
export function sealSettings(
  stored: Record<string, unknown>,
  box: Pick<SecretBox, "seal">,
): Record<string, unknown> {
  const sealed = Object.entries(stored)
    .filter(
      (entry): entry is [string, string] => secretNames.includes(entry[0]) && typeof entry[1] === "string",
    )
    .map(([name, text]): [string, Sealed] => [
      name,
      { sealed: Buffer.from(box.seal(text)).toString("base64") },
    ]);
  return { ...stored, ...Object.fromEntries(sealed) };
}

/**
 * The stored settings as `createSettings` takes them. What stands in the clear is sealed on the way; what cannot be
 * opened stays as it is, so that the settings' own check tells of it by name.
 */
export async function openSettings(
  storage: Pick<Storage, "settings">,
  box: Pick<SecretBox, "seal" | "open">,
): Promise<Record<string, unknown>> {
  const stored = await storage.settings.all();
  const clear = Object.entries(stored).filter(
    ([name, value]) => secretNames.includes(name) && typeof value === "string",
  );
  if (clear.length > 0) await storage.settings.write(sealSettings(Object.fromEntries(clear), box), null);
  return unsealed(stored, box);
}

/** @param stored values by snake_case name; those of secret settings are in the clear then. */
export function unsealed(
  stored: Record<string, unknown>,
  box: Pick<SecretBox, "open">,
): Record<string, unknown> {
  const opened = Object.entries(stored).map(([name, value]) => [
    name,
    secretNames.includes(name) ? openOne(value, box) : value,
  ]);
  return Object.fromEntries(opened);
}

function openOne(value: unknown, box: Pick<SecretBox, "open">): unknown {
  const { sealed } = (value ?? {}) as Partial<Sealed>;
  if (typeof sealed !== "string") return value;
  try {
    return box.open(Buffer.from(sealed, "base64"));
  } catch {
    return value;
  }
}
