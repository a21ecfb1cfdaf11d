import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { systemClock } from "../src/clock.ts";
import {
  checkSecretKey,
  createSecretBox,
  equalSecrets,
  generatePassword,
  hashPassword,
  loadSecretKey,
  maskSecret,
  randomToken,
  verifyPassword,
} from "../src/secrets.ts";
import { openStorage } from "../src/storage/storage.ts";
import { StartError } from "../src/types.ts";

const key = (fill: number) => new Uint8Array(32).fill(fill);

describe("a secret box", () => {
  const box = createSecretBox(key(1));

  test("opens what it sealed, any text", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => box.open(box.seal(text)) === text));
    expect(box.open(box.seal("x".repeat(100_000)))).toHaveLength(100_000);
  });

  test("seals the same text differently each time: version, nonce, ciphertext, tag", () => {
    const sealed = box.seal("AIzaSecret");
    expect(sealed[0]).toBe(1);
    expect(sealed.length).toBe(1 + 12 + "AIzaSecret".length + 16);
    expect(Buffer.from(sealed).equals(box.seal("AIzaSecret"))).toBe(false);
    expect(Buffer.from(sealed).includes("Secret")).toBe(false);
  });

  test("opens nothing that was changed in any byte, cut, or sealed under another key", () => {
    const sealed = box.seal("AIzaSecret");
    for (let index = 0; index < sealed.length; index++) {
      const changed = Uint8Array.from(sealed);
      changed[index]! ^= 1;
      expect(() => box.open(changed)).toThrow();
      expect(() => box.open(sealed.subarray(0, index))).toThrow();
    }
    expect(() => createSecretBox(key(2)).open(sealed)).toThrow();
  });

  test("fingerprints: the same for the same text and key, and telling nothing without the key", () => {
    expect(box.fingerprint("a")).toMatch(/^[0-9a-f]{64}$/);
    expect(createSecretBox(key(1)).fingerprint("a")).toBe(box.fingerprint("a"));
    expect(box.fingerprint("b")).not.toBe(box.fingerprint("a"));
    expect(createSecretBox(key(2)).fingerprint("a")).not.toBe(box.fingerprint("a"));
    const hasher = new Bun.CryptoHasher("sha256", key(1));
    expect(hasher.update("a").digest("hex")).not.toBe(box.fingerprint("a"));
  });
});

describe("the secret key of an installation", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lb-secrets-"));
    path = join(folder, "secret.key");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("is made once, for its owner alone, and read again", () => {
    const sealed = loadSecretKey(folder, undefined, false).seal("text");
    expect(readdirSync(folder)).toEqual(["secret.key"]);
    expect(Buffer.from(readFileSync(path, "utf8"), "base64").length).toBe(32);
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadSecretKey(folder, undefined, true).open(sealed)).toBe("text");
  });

  test("in a file that others can read is closed to them", () => {
    if (process.platform === "win32") return;
    const sealed = loadSecretKey(folder, undefined, false).seal("text");
    chmodSync(path, 0o644);
    expect(loadSecretKey(folder, undefined, true).open(sealed)).toBe("text");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("missing where something is sealed already: refused, and none is made", () => {
    expect(() => loadSecretKey(folder, undefined, true)).toThrow(StartError);
    expect(() => loadSecretKey(folder, undefined, true)).toThrow(
      /secret\.key is missing.*put it back from a backup/,
    );
    expect(existsSync(path)).toBe(false);
  });

  test("damaged: refused and left as it is", () => {
    for (const text of [
      "",
      "short",
      `${Buffer.alloc(33).toString("base64")}`,
      "not base64 at all, but long enough to be a key",
    ]) {
      writeFileSync(path, text);
      expect(() => loadSecretKey(folder, undefined, false)).toThrow(/secret\.key is damaged/);
      expect(readFileSync(path, "utf8")).toBe(text);
    }
  });

  test("from the environment leaves the folder alone", () => {
    const sealed = createSecretBox(key(3)).seal("text");
    const box = loadSecretKey(folder, Buffer.from(key(3)).toString("base64"), true);
    expect(box.open(sealed)).toBe("text");
    expect(loadSecretKey(folder, Buffer.from(key(3)).toString("base64url"), true).open(sealed)).toBe("text");
    expect(readdirSync(folder)).toEqual([]);
    expect(() => loadSecretKey(folder, "c2hvcnQ=", false)).toThrow(/^ENCRYPTION_KEY: give 32 bytes/);
  });

  test("is proven against the database; another one is refused and nothing overwritten", async () => {
    const storage = await openStorage({ path: join(folder, "load-balancer.db"), clock: systemClock });
    await checkSecretKey(createSecretBox(key(1)), storage.facts);
    const stored = await storage.facts.get("secret_key_check");
    await checkSecretKey(createSecretBox(key(1)), storage.facts);
    await expect(checkSecretKey(createSecretBox(key(2)), storage.facts)).rejects.toThrow(StartError);
    await expect(checkSecretKey(createSecretBox(key(2)), storage.facts)).rejects.toThrow(
      "Nothing was changed",
    );
    expect(await storage.facts.get("secret_key_check")).toBe(stored);
    await storage.facts.set("secret_key_check", "garbage");
    await expect(checkSecretKey(createSecretBox(key(1)), storage.facts)).rejects.toThrow(StartError);
    expect(await storage.facts.get("secret_key_check")).toBe("garbage");
    storage.close();
  });
});

describe("masks", () => {
  test("show the ends of a long secret and next to nothing of a short one", () => {
    expect(maskSecret("AIzaSyA1234567890x7Qk")).toBe("AIza…x7Qk");
    expect(maskSecret("0123456789abcdef")).toBe("0123…cdef");
    expect(maskSecret("0123456789abcde")).toBe("01…");
    expect(maskSecret("012345")).toBe("01…");
    expect(maskSecret("01234")).toBe("…");
    expect(maskSecret("")).toBe("…");
  });

  test("never cut a character in two", () => {
    expect(maskSecret("🔑".repeat(16))).toBe(`${"🔑".repeat(4)}…${"🔑".repeat(4)}`);
  });
});

describe("passwords", () => {
  test("verify against their hash only", async () => {
    const hash = await hashPassword("correct horse");
    expect(hash).toStartWith("$argon2id$");
    expect(await hashPassword("correct horse")).not.toBe(hash);
    expect(await verifyPassword("correct horse", hash)).toBe(true);
    for (const wrong of ["", "correct hors", "Correct horse", "correct horse "]) {
      expect(await verifyPassword(wrong, hash)).toBe(false);
    }
    for (const noHash of ["", "correct horse", "$argon2id$v=19$broken"]) {
      expect(await verifyPassword("correct horse", noHash)).toBe(false);
    }
  });

  test("that are made are readable, differ, and use their whole alphabet", () => {
    const made = Array.from({ length: 500 }, generatePassword);
    for (const password of made) expect(password).toMatch(/^[a-km-np-z2-9]{5}(-[a-km-np-z2-9]{5}){3}$/);
    expect(new Set(made).size).toBe(500);
    expect(new Set(made.join("").replaceAll("-", "")).size).toBe(32);
  });
});

describe("comparison and tokens", () => {
  test("equal only where every character is", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => equalSecrets(a, b) === (a === b) && equalSecrets(a, a)),
    );
    expect(equalSecrets("", "")).toBe(true);
    expect(equalSecrets("key", "key\0")).toBe(false);
    expect(equalSecrets("k".repeat(10_000), "key")).toBe(false);
  });

  test("tokens have the bytes asked for and never repeat", () => {
    expect(Buffer.from(randomToken(32), "base64url").length).toBe(32);
    expect(new Set(Array.from({ length: 1000 }, () => randomToken(16))).size).toBe(1000);
  });
});
