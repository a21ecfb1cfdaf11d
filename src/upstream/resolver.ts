import { lookup } from "node:dns/promises";
import type { Clock } from "../clock.ts";
import { checkAddress, isAddress } from "./address-guard.ts";
import type { UpstreamLimits } from "./limits.ts";
import { UpstreamFailure } from "./types.ts";

/** All addresses of a name, in the order in which they should be tried; rejects as `dns.lookup` does. */
export type LookupName = (name: string) => Promise<string[]>;

export const systemLookup: LookupName = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map((entry) => entry.address);

/** Names to addresses, guarded, remembered for moments; a name that is being looked up is asked for once. */
export class Resolver {
  #known = new Map<string, { addresses: string[]; until: number }>();
  #asking = new Map<string, Promise<string[]>>();

  constructor(
    private readonly clock: Clock,
    private readonly limits: UpstreamLimits,
    private readonly lookupName: LookupName,
  ) {}

  /**
   * The addresses of a host, at once where it is an address or known. Rejects with the lookup's own error,
   * or with UpstreamFailure "forbidden_address" where any of them is forbidden: a name that leads to a
   * good and a forbidden address is a trick.
   */
  resolve(host: string): string[] | Promise<string[]> {
    const known = this.#known.get(host);
    if (known && known.until > this.clock.monotonic()) return known.addresses;
    if (isAddress(host)) return this.#remember(host, [host]);
    let asking = this.#asking.get(host);
    if (!asking) {
      asking = this.#ask(host).finally(() => this.#asking.delete(host));
      this.#asking.set(host, asking);
    }
    return asking;
  }

  /** The next connections try this address first: it answered, others before it did not. */
  prefer(host: string, address: string): void {
    const known = this.#known.get(host);
    if (known && known.addresses[0] !== address)
      known.addresses = [address, ...known.addresses.filter((other) => other !== address)];
  }

  async #ask(host: string): Promise<string[]> {
    const addresses = (await this.lookupName(host)).slice(0, this.limits.addresses);
    for (const address of addresses) {
      const why = checkAddress(address);
      if (why)
        throw new UpstreamFailure("forbidden_address", `${host} leads to ${address}, which ${why}`, false);
    }
    return this.#remember(host, addresses);
  }

  #remember(host: string, addresses: string[]): string[] {
    this.#known.delete(host);
    if (this.#known.size >= this.limits.names) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(host, { addresses, until: this.clock.monotonic() + this.limits.namesMs });
    return addresses;
  }
}
