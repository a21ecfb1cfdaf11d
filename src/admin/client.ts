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

export interface ClientDeps {
  /** The address at the other end of the request's connection (the server's `requestIP`). */
  connectionAddress(request: Request): string | null;
  /** What `x-forwarded-for` makes of it; the address itself where that is no trusted proxy's. */
  clientAddress(connection: string, headers: Headers): string;
  isTrustedProxy(address: string): boolean;
}

/** `x-forwarded-proto` counts only where the connection comes from a trusted proxy. */
export function createClientOf(deps: ClientDeps): ClientOf {
  return (request) => {
    const connection = shortForm(deps.connectionAddress(request) ?? "unknown");
    const proxied = deps.isTrustedProxy(connection);
    const said = proxied ? request.headers.get("x-forwarded-proto") : null;
    const scheme = said?.split(",")[0]?.trim().toLowerCase();
    return {
      address: shortForm(deps.clientAddress(connection, request.headers)),
      https: scheme === undefined ? request.url.startsWith("https:") : scheme === "https",
      proxied,
    };
  };
}

/** `::ffff:192.0.2.1`, as a socket that serves both families tells it, is 192.0.2.1. */
function shortForm(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
