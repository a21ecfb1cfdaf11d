import { BlockList, isIP, isIPv4 } from "node:net";

/** How the values of variables are read: each answers `undefined` where the form is broken. */

/** A set of addresses, IPv4 and IPv6. */
export interface AddressSet {
  has(address: string): boolean;
}

const BOOLEANS: Record<string, boolean> = {
  true: true,
  "1": true,
  yes: true,
  false: false,
  "0": false,
  no: false,
};
export const BOOLEAN_FORM = "give true or false (1, 0, yes and no do as well)";
export const URL_FORM = "give an http or https address";
export const PAIRS_FORM = "give name=value with commas between them; percent-encode what is not plain";
export const OTEL_SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;
export type OtelSampler = (typeof OTEL_SAMPLERS)[number];
export type Pairs = readonly (readonly [name: string, value: string])[];
export const TOKEN_FORM = "give printable ASCII characters without spaces: it travels in an HTTP header";

export function readWhole(text: string, max: number): number | undefined {
  const value = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.POSITIVE_INFINITY;
  return value <= max ? value : undefined;
}

export function readBoolean(text: string): boolean | undefined {
  const key = text.trim().toLowerCase();
  return Object.hasOwn(BOOLEANS, key) ? BOOLEANS[key] : undefined;
}

/** A PEM file's content in the place of its path is refused, and shown nowhere. */
export function readPath(text: string): string | undefined {
  return /^[^\0\n]+$/.test(text) && !text.startsWith("-----") ? text : undefined;
}

export function readToken(text: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(text) ? text : undefined;
}

export function readUrl(text: string): string | undefined {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  return url !== null && /^https?:$/.test(url.protocol) ? url.href.replace(/\/$/, "") : undefined;
}

export function readPairs(text: string): Pairs | undefined {
  const pairs: [string, string][] = [];
  for (const item of text.split(",").filter((part) => part.trim() !== "")) {
    const at = item.indexOf("=");
    if (at < 1) return undefined;
    try {
      pairs.push([item.slice(0, at).trim(), decodeURIComponent(item.slice(at + 1).trim())]);
    } catch {
      return undefined;
    }
  }
  return pairs;
}

/** A path's name in the system's own structure has so many bytes. */
const MAX_SOCKET_PATH_BYTES = 103;

export function readHost(text: string): string | undefined {
  const socket = /^unix:(\/.*[^/])$/.exec(text.trim())?.[1];
  if (socket !== undefined)
    return Buffer.byteLength(socket) <= MAX_SOCKET_PATH_BYTES ? `unix:${socket}` : undefined;
  const host = text.trim().replace(/^\[(.*)\]$/, "$1");
  const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  const isName = host.length <= 253 && new RegExp(`^${label}(\\.${label})*$`, "i").test(host);
  return isIP(host) !== 0 || isName ? host : undefined;
}

export function readNetworks(text: string): AddressSet | undefined {
  const networks = new BlockList();
  for (const item of text.split(/[\s,]+/).filter((part) => part !== "")) {
    const [address = "", bits, ...rest] = item.split("/");
    const version = isIP(address);
    const width = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? width : readWhole(bits, width);
    if (version === 0 || prefix === undefined || rest.length > 0) return undefined;
    networks.addSubnet(address, prefix, version === 4 ? "ipv4" : "ipv6");
  }
  return {
    has: (address) => isIP(address) !== 0 && networks.check(address, isIPv4(address) ? "ipv4" : "ipv6"),
  };
}
