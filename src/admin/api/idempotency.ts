import type { Clock } from "../../clock.ts";
import { InputError } from "../../types.ts";

const KEPT_MS = 24 * 3_600_000;
const MAX_KEYS = 1_000;
const MAX_KEPT_CHARS = 8 * 1024 ** 2;
const KEY_FORM = /^[\x21-\x7e]{1,255}$/;

/** An answer as it was given the first time. */
export interface GivenAnswer {
  text: string;
  headers: Record<string, string>;
}

interface Entry {
  /** Of the path and the body that the key came with. */
  hash: string;
  at: number;
  answer: Promise<GivenAnswer>;
  chars: number;
}

/**
 * Answers of creates by the client's `Idempotency-Key`: a repeated create gets the first one's answer, also while that
 * one is still under way. Kept in memory for 24 h, at most 1,000; a create that failed is forgotten and may be repeated.
 */
export class IdempotencyKeys {
  readonly #entries = new Map<string, Entry>();
  #chars = 0;

  constructor(private readonly clock: Pick<Clock, "monotonic">) {}

  /** @throws InputError for a key that cannot be used, or that came with another body before. */
  async once(
    key: string,
    path: string,
    body: string,
    create: () => Promise<GivenAnswer>,
  ): Promise<{ answer: GivenAnswer; isRepeated: boolean }> {
    if (!KEY_FORM.test(key)) throw refusal("give 1 to 255 visible ASCII characters");
    this.#forgetOld();
    const hash = new Bun.CryptoHasher("sha256").update(`${path}\n${body}`).digest("base64url");
    const known = this.#entries.get(key);
    if (known === undefined) return { answer: await this.#first(key, hash, create), isRepeated: false };
    if (known.hash !== hash) throw refusal("this key came with another request before: give a new one");
    return { answer: await known.answer, isRepeated: true };
  }

  async #first(key: string, hash: string, create: () => Promise<GivenAnswer>): Promise<GivenAnswer> {
    const entry: Entry = { hash, at: this.clock.monotonic(), answer: create(), chars: 0 };
    this.#entries.set(key, entry);
    try {
      const answer = await entry.answer;
      entry.chars = answer.text.length;
      this.#chars += entry.chars;
      return answer;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** The oldest come first. */
  #forgetOld(): void {
    const notBefore = this.clock.monotonic() - KEPT_MS;
    for (const [key, entry] of this.#entries) {
      const hasRoom = this.#entries.size < MAX_KEYS && this.#chars <= MAX_KEPT_CHARS;
      if (hasRoom && entry.at >= notBefore) return;
      this.#entries.delete(key);
      this.#chars -= entry.chars;
    }
  }
}

function refusal(problem: string): InputError {
  return new InputError("Check the header idempotency-key.", { "idempotency-key": problem });
}
