/**
 * Keeps keys from being sent where cloud machines hand out their own credentials. Loopback and private
 * addresses are allowed: Ollama and vLLM live there. (FAULTS 59)
 */

/** Names that lead to a metadata service wherever they resolve. Lower case, no trailing dot. */
const FORBIDDEN_NAMES = new Map([
  ["metadata", "Google Cloud"],
  ["metadata.google.internal", "Google Cloud"],
  ["metadata.goog", "Google Cloud"],
  ["instance-data", "AWS"],
  ["instance-data.ec2.internal", "AWS"],
  ["metadata.azure.internal", "Azure"],
  ["metadata.tencentyun.com", "Tencent Cloud"],
  ["metadata.packet.net", "Equinix Metal"],
  ["metadata.platformequinix.com", "Equinix Metal"],
  ["rancher-metadata", "Rancher"],
]);

/** IPv4 networks stand in their IPv4-mapped IPv6 form, so that one comparison serves both. */
const FORBIDDEN_NETWORKS: [network: string, prefixBits: number, what: string][] = [
  ["::ffff:169.254.0.0", 96 + 16, "a link-local address (cloud metadata services live there)"],
  ["fe80::", 10, "a link-local address"],
  ["fd00:ec2::", 32, "the metadata service of AWS"],
  ["fd20:ce::254", 128, "the metadata service of Google Cloud"],
  ["fd00:42::42", 128, "the metadata service of Scaleway"],
  ["::ffff:100.100.100.200", 128, "the metadata service of Alibaba Cloud"],
  ["::ffff:168.63.129.16", 128, "the metadata service of Azure"],
  ["::ffff:192.0.0.192", 128, "the metadata service of Oracle Cloud"],
];

/** IPv6 prefixes that carry an IPv4 address, and how many bits follow it. (RFC 4291, 6052, 2765, 3056) */
const IPV4_CARRIERS: [prefix: string, prefixBits: number, bitsAfter: bigint][] = [
  ["::ffff:0:0", 96, 0n],
  ["::", 96, 0n],
  ["64:ff9b::", 96, 0n],
  ["::ffff:0:0:0", 96, 0n],
  ["2002::", 16, 80n],
];

const IPV4_MAPPED = 0xffffn << 32n;
const IPV4_MASK = 0xffff_ffffn;

/** `1.2.3.4` as a 32-bit number; null where it is not that form (odd forms are the URL parser's matter). */
function ipv4Number(text: string): bigint | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

/** An address as a 128-bit number, IPv4 in its mapped form; null where the text is no address. */
function addressNumber(text: string): bigint | null {
  const ipv4 = ipv4Number(text);
  if (ipv4 !== null) return IPV4_MAPPED | ipv4;
  let address = text.split("%", 1)[0]!.toLowerCase();
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (tail) {
    const number = ipv4Number(tail[2]!);
    if (number === null) return null;
    address = `${tail[1]}${(number >> 16n).toString(16)}:${(number & 0xffffn).toString(16)}`;
  }
  const halves = address.split("::");
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - groups.flat().length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return null;
  if (halves.length === 2) groups.splice(1, 0, new Array(missing).fill("0"));
  const all = groups.flat();
  if (!all.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return null;
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function isWithin(address: bigint, network: string, prefixBits: number): boolean {
  const shift = BigInt(128 - prefixBits);
  return address >> shift === addressNumber(network)! >> shift;
}

/** True for `127.0.0.1` and `::1`, with or without a zone; not for brackets and not for odd forms. */
export function isAddress(host: string): boolean {
  return addressNumber(host) !== null;
}

/** Why no connection may go to this address (a clause without subject: "is …"), or null. */
export function checkAddress(address: string): string | null {
  const number = addressNumber(address);
  if (number === null) return "is not an IP address";
  const forms = [number];
  for (const [prefix, bits, after] of IPV4_CARRIERS)
    if (isWithin(number, prefix, bits)) forms.push(IPV4_MAPPED | ((number >> after) & IPV4_MASK));
  for (const form of forms)
    for (const [network, bits, what] of FORBIDDEN_NETWORKS)
      if (isWithin(form, network, bits)) return `is ${what}`;
  return null;
}

/** Why no connection may go to this host of a parsed URL (name or address), as one sentence, or null. */
export function checkHost(hostname: string): string | null {
  const host = hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  const cloud = FORBIDDEN_NAMES.get(host);
  if (cloud) return `${host} is the metadata service of ${cloud}.`;
  const why = isAddress(host) ? checkAddress(host) : null;
  return why ? `${host} ${why}.` : null;
}

/**
 * Whether a base URL may be an upstream: null, or one sentence why not. What its name resolves to is
 * checked at each connect. The URL parser turns decimal, hex, octal and percent-encoded forms of an
 * address into the plain one before it is looked at.
 */
export function checkBaseUrl(baseUrl: string): string | null {
  if (/\s/.test(baseUrl)) return "The URL must not hold spaces.";
  if (!URL.canParse(baseUrl)) return "This is not a URL; it should look like https://api.example.com/v1.";
  const url = new URL(baseUrl);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    return "The URL must begin with https:// or http://.";
  if (url.username || url.password)
    return "The URL must not hold credentials: keys are added on the Keys page.";
  if (/[?#]/.test(baseUrl)) return "The URL must not hold a query or a fragment (? or #).";
  const refusal = checkHost(url.hostname);
  return refusal && `${refusal} Keys are never sent there.`;
}
