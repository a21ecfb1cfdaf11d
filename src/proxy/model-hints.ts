import type { Clock } from "../clock.ts";
import type { Verdict } from "../types.ts";

/** What one answer said is believed for this long; then the key is asked again in its turn. */
const BELIEVED_MS = 3_600_000;
const MAX_MODELS = 500;
const MAX_KEYS_PER_MODEL = 5_000;

/** Which keys have said, by 404 or 403, that they can't serve a model. A hint: it leads, it never forbids. */
export class ModelHints {
  /** By model, by key: until when, monotonic ms. */
  #refused = new Map<string, Map<string, number>>();

  constructor(
    private readonly clock: Clock,
    /** Called with the model of which something new is known. */
    private readonly changed: (model: string) => void,
  ) {}

  learn(keyId: string, model: string, verdict: Verdict): void {
    if (verdict.outcome === "ok") {
      const keys = this.#refused.get(model);
      if (keys?.delete(keyId) !== true) return;
      if (keys.size === 0) this.#refused.delete(model);
      this.changed(model);
      return;
    }
    const isAboutModel = verdict.outcome === "model_unavailable" || verdict.blame === "key_model";
    const isPermanent = verdict.outcome === "model_unavailable" || verdict.outcome === "forbidden_key";
    if (isAboutModel && isPermanent) this.#remember(keyId, model);
  }

  refuses(keyId: string, model: string): boolean {
    return (this.#refused.get(model)?.get(keyId) ?? 0) > this.clock.monotonic();
  }

  knows(model: string): boolean {
    return this.#refused.has(model);
  }

  #remember(keyId: string, model: string): void {
    let keys = this.#refused.get(model);
    if (keys === undefined) {
      if (this.#refused.size >= MAX_MODELS) this.#forgetOldest();
      keys = new Map();
      this.#refused.set(model, keys);
    }
    if (keys.size < MAX_KEYS_PER_MODEL) keys.set(keyId, this.clock.monotonic() + BELIEVED_MS);
    this.changed(model);
  }

  #forgetOldest(): void {
    const oldest = this.#refused.keys().next().value;
    if (oldest === undefined) return;
    this.#refused.delete(oldest);
    this.changed(oldest);
  }
}
