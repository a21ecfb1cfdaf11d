import { isIP } from "node:net";
import type { AddressSet } from "../config.ts";

/** Who is at the other end, as far as trusted proxies let it be known. */
export interface Client {
  /** An IP address, IPv4 in its short form; `unknown` where the connection is gone. */
  address: string;
  /** It came to us, or to the trusted proxy before us, by https. */
  https: boolean;
  /** The connection comes from a trusted proxy. */
  proxied: boolean;
}

export type ClientOf = (request: Request) => Client;

/** Entries of `x-forwarded-for` that are looked at; more come only from someone who plays. */
const MAX_HOPS = 20;

/**
 * @param peerAddress the address at the other end of the request's connection (the server's `requestIP`).
 * `x-forwarded-for` and `x-forwarded-proto` count only where that peer is a trusted proxy.
 */
export function createClientOf(
  trustedProxies: AddressSet,
  peerAddress: (request: Request) => string | null,
): ClientOf {
  return (request) => {
    const peer = shortForm(peerAddress(request) ?? "");
    const https = request.url.startsWith("https:");
    if (!trustedProxies.has(peer)) return { address: peer || "unknown", https, proxied: false };
    const scheme = request.headers.get("x-forwarded-proto")?.split(",")[0]?.trim().toLowerCase();
    return {
      address: forwardedFor(request.headers.get("x-forwarded-for"), trustedProxies) ?? peer,
      https: scheme === undefined ? https : scheme === "https",
      proxied: true,
    };
  };
}

/** From the right, the first address that no trusted proxy has: what stands left of it anyone can write. */
function forwardedFor(header: string | null, trustedProxies: AddressSet): string | null {
  const hops = (header ?? "").split(",").slice(-MAX_HOPS).reverse();
  let last: string | null = null;
  for (const hop of hops) {
    const address = shortForm(hop.trim());
    if (isIP(address) === 0) return last;
    last = address;
    if (!trustedProxies.has(address)) return address;
  }
  return last;
}

function shortForm(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
