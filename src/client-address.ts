/**
 * The address of the client: that of the connection, or what a trusted proxy says of it. Of `x-forwarded-for` the
 * last address that is no trusted proxy's counts, since everything before it could be invented.
 */
export function clientAddress(
  connection: string,
  forwardedFor: string | null,
  isTrusted: (address: string) => boolean,
): string {
  if (forwardedFor === null || !isTrusted(connection)) return connection;
  const hops = forwardedFor.split(",").map((hop) => hop.trim());
  for (const hop of hops.reverse()) {
    if (hop !== "" && !isTrusted(hop)) return hop.slice(0, LONGEST_ADDRESS_CHARS);
  }
  return connection;
}

const LONGEST_ADDRESS_CHARS = 64;
