import { isAddress } from "./address-guard.ts";

/** An HTTP proxy that leads connections on to other hosts. */
export interface ForwardProxy {
  host: string;
  port: number;
  /** Of `proxy-authorization`; null where it wants none. */
  authorization: string | null;
}

/** The proxy on the way to a host; null where it is reached directly. */
export type FindProxy = (host: string) => ForwardProxy | null;

/**
 * @param address As `HTTPS_PROXY` has it: `http://user:password@host:port`.
 * @param exceptions As `NO_PROXY` has them: names (with those below them), addresses, or `*`. This machine is one always.
 */
export function createFindProxy(address: URL | null, exceptions: readonly string[]): FindProxy {
  if (address === null) return () => null;
  const user = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`;
  const proxy: ForwardProxy = {
    host: address.hostname.replace(/^\[|\]$/g, ""),
    port: address.port === "" ? 80 : Number(address.port),
    authorization: user === ":" ? null : `Basic ${Buffer.from(user).toString("base64")}`,
  };
  const names = exceptions.map((name) => name.toLowerCase().replace(/^\*?\./, ""));
  return (host) => {
    const wanted = host.toLowerCase();
    if (wanted === "localhost" || (isAddress(wanted) && /^(?:127\.|::1$)/.test(wanted))) return null;
    const isExcepted = names.some((name) => name === "*" || wanted === name || wanted.endsWith(`.${name}`));
    return isExcepted ? null : proxy;
  };
}
