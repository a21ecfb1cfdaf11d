import { MinuteWindow } from "../pool/minute-window.ts";
import { ProxyError } from "./errors.ts";

/** Addresses that are remembered; beyond it the one that came first is forgotten. */
const MAX_ADDRESSES = 10_000;

/** How many requests each client address sent within the last minute. */
export class ClientLimit {
  #byAddress = new Map<string, MinuteWindow>();

  /**
   * Counts a request and lets it pass, or refuses it.
   * @param limit requests a minute; 0: none.
   * @param now monotonic ms.
   */
  admit(address: string, limit: number, now: number): void {
    if (limit === 0) return;
    const window = this.#windowOf(address);
    if (window.sum(now) < limit) {
      window.add(1, now);
      return;
    }
    const waitMs = window.fallsTo(limit - 1, now) - now;
    throw new ProxyError("client_rate_limited", `More than ${limit} requests a minute from this address.`, {
      retryAfterMs: waitMs,
    });
  }

  #windowOf(address: string): MinuteWindow {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    if (this.#byAddress.size >= MAX_ADDRESSES) {
      for (const first of this.#byAddress.keys()) {
        this.#byAddress.delete(first);
        break;
      }
    }
    const made = new MinuteWindow();
    this.#byAddress.set(address, made);
    return made;
  }
}
