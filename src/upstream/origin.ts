import type { TLSOptions } from "bun";
import { checkHost, isAddress } from "./address-guard.ts";
import type { Connection, ConnectionUser } from "./connection.ts";
import type { FindProxy, ForwardProxy } from "./forward-proxy.ts";
import type { UpstreamLimits } from "./limits.ts";
import type { Ticker, Watched } from "./ticker.ts";

/** Length-prefixed, as ALPN wants it. (RFC 7301) */
const ALPN_HTTP11 = Buffer.from("\x08http/1.1", "latin1");
/** A host that says when it will close an idle connection is left that much earlier. */
const EARLIER_MS = 1_000;
const DEFAULT_PORTS: Record<string, number> = { "http:": 80, "https:": 443 };

/** One scheme, host and port, and its idle connections; the last one used is reused first. */
export class Origin implements ConnectionUser, Watched {
  readonly host: string;
  readonly port: number;
  /** For the `host` header: without the scheme's own port. */
  readonly hostHeader: string;
  /** For messages: always with the port. */
  readonly hostPort: string;
  readonly tls: TLSOptions | null;
  /** Why nothing may be sent there, as a sentence; null: it may. */
  readonly refusal: string | null;
  /** The proxy on the way there; null: none. */
  readonly proxy: ForwardProxy | null;
  due = Number.POSITIVE_INFINITY;
  #idle: Connection[] = [];
  #retired = false;

  constructor(
    url: URL,
    ca: string | undefined,
    findProxy: FindProxy,
    private readonly limits: UpstreamLimits,
    private readonly ticker: Ticker,
  ) {
    this.host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
    this.port = url.port === "" ? DEFAULT_PORTS[url.protocol]! : Number(url.port);
    this.hostHeader = url.host;
    this.hostPort = `${url.hostname}:${this.port}`;
    this.refusal = checkHost(url.hostname);
    this.proxy = url.protocol === "https:" ? findProxy(this.host) : null;
    this.tls = url.protocol === "https:" ? tlsOptions(this.host, ca) : null;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  /** A connection to send on at once, or null. */
  take(): Connection | null {
    for (;;) {
      const connection = this.#idle.pop();
      if (!connection) return null;
      if (connection.idleUntil > this.ticker.now) {
        connection.setIdle(false);
        return connection;
      }
      connection.end();
    }
  }

  /** Keeps a connection whose answer was whole, or closes it. `keepAliveMs`: what the host said. */
  put(connection: Connection, keepAliveMs: number | null): void {
    const { now } = this.ticker;
    const idleMs = Math.min(this.limits.idleMs, (keepAliveMs ?? Number.POSITIVE_INFINITY) - EARLIER_MS);
    connection.idleUntil = Math.min(now + idleMs, connection.openedAt + this.limits.ageMs);
    const isWelcome = !this.#retired && this.#idle.length < this.limits.idlePerOrigin;
    if (!isWelcome || connection.idleUntil <= now) {
      connection.end();
      return;
    }
    connection.user = this;
    connection.reused = true;
    connection.setIdle(true);
    if (this.#idle.push(connection) === 1) this.ticker.watch(this);
    this.due = Math.min(this.due, connection.idleUntil);
  }

  /** Closes the idle connections and keeps none from now on. */
  retire(): void {
    this.#retired = true;
    for (const connection of this.#idle) connection.end();
    this.#idle = [];
    this.#rest();
  }

  /** Nobody asked for these bytes; whoever came next would take them for its answer. */
  onBytes(_bytes: Buffer, connection: Connection): void {
    this.onGone(null, connection);
    connection.destroy();
  }

  onWritten(): void {}

  onGone(_error: Error | null, connection: Connection): void {
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  expire(): void {
    const { now } = this.ticker;
    for (const connection of this.#idle) if (connection.idleUntil <= now) connection.end();
    this.#idle = this.#idle.filter((connection) => connection.idleUntil > now);
    this.due = this.#idle.reduce((due, { idleUntil }) => Math.min(due, idleUntil), Number.POSITIVE_INFINITY);
    if (this.#idle.length === 0) this.#rest();
  }

  #rest(): void {
    this.due = Number.POSITIVE_INFINITY;
    this.ticker.unwatch(this);
  }
}

/** The certificate is always verified against the host's name, whatever NODE_TLS_REJECT_UNAUTHORIZED says. */
function tlsOptions(host: string, ca: string | undefined): TLSOptions {
  return {
    rejectUnauthorized: true,
    ALPNProtocols: ALPN_HTTP11,
    ...(isAddress(host) ? {} : { serverName: host }),
    ...(ca === undefined ? {} : { ca }),
  };
}
