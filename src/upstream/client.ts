import type { Clock } from "../clock.ts";
import { Connection, type ConnectionOpener } from "./connection.ts";
import type { DialGround } from "./dial.ts";
import { Exchange } from "./exchange.ts";
import type { FindProxy } from "./forward-proxy.ts";
import { Handshake } from "./handshake.ts";
import { DEFAULT_LIMITS, type UpstreamLimits } from "./limits.ts";
import { Origin } from "./origin.ts";
import { type LookupName, Resolver, systemLookup } from "./resolver.ts";
import type { PendingSocket, SocketOptions, SocketRequest } from "./socket-types.ts";
import { Ticker } from "./ticker.ts";
import {
  type PendingAnswer,
  type SendOptions,
  type UpstreamClient,
  UpstreamFailure,
  type UpstreamRequest,
} from "./types.ts";

export interface UpstreamClientOptions {
  clock: Clock;
  /** PEM certificates to trust instead of the system's. */
  ca?: string;
  limits?: Partial<UpstreamLimits>;
  /** Names to addresses; the system's resolver by default. */
  lookup?: LookupName;
  /** None by default. */
  findProxy?: FindProxy;
}

export interface SocketClient extends UpstreamClient {
  /** Opens a WebSocket. @throws UpstreamFailure where the request cannot be sent as it is. */
  openSocket(request: SocketRequest, options: SocketOptions): PendingSocket;
  /** `openConnections` counts idle and opening ones too. */
  stats(): { openConnections: number; idleConnections: number };
}

/** An HTTP/1.1 client on plain sockets: follows nothing, decompresses nothing, retries nothing. */
export function createUpstreamClient(options: UpstreamClientOptions): SocketClient {
  return new Sockets(options);
}

class Sockets implements SocketClient, DialGround {
  readonly limits: UpstreamLimits;
  readonly ticker: Ticker;
  readonly resolver: Resolver;
  readonly #clock: Clock;
  readonly #ca: string | undefined;
  readonly #findProxy: FindProxy;
  /** By scheme and authority as they stand in URLs; the oldest first. */
  #origins = new Map<string, Origin>();
  #openConnections = 0;
  #closed = false;

  constructor(options: UpstreamClientOptions) {
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.ticker = new Ticker(options.clock, this.limits.tickMs);
    this.resolver = new Resolver(options.clock, this.limits, options.lookup ?? systemLookup);
    this.#clock = options.clock;
    this.#ca = options.ca;
    this.#findProxy = options.findProxy ?? (() => null);
  }

  send(request: UpstreamRequest, options: SendOptions): PendingAnswer {
    // "https://" has 8 characters, and a host at least one: the first slash after it begins the path.
    const slash = request.url.indexOf("/", 8);
    const base = slash < 0 ? request.url : request.url.slice(0, slash);
    try {
      const origin = this.#origins.get(base) ?? this.#learn(base);
      const exchange = new Exchange(this, origin, options, request.method === "HEAD");
      exchange.start(request, slash < 0 ? "/" : request.url.slice(slash));
      return exchange;
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      const answer = Promise.reject(error);
      answer.catch(() => {});
      return { answer, abort() {} };
    }
  }

  openSocket(request: SocketRequest, options: SocketOptions): PendingSocket {
    const slash = request.url.indexOf("/", 8);
    const base = slash < 0 ? request.url : request.url.slice(0, slash);
    const origin = this.#origins.get(base) ?? this.#learn(base);
    const handshake = new Handshake({ ground: this, origin, clock: this.#clock, options });
    handshake.start(request, slash < 0 ? "/" : request.url.slice(slash));
    return handshake;
  }

  close(): void {
    this.#closed = true;
    for (const origin of this.#origins.values()) origin.retire();
  }

  stats(): { openConnections: number; idleConnections: number } {
    let idleConnections = 0;
    for (const origin of this.#origins.values()) idleConnections += origin.idleCount;
    return { openConnections: this.#openConnections, idleConnections };
  }

  newConnection(origin: Origin, opener: ConnectionOpener): Connection | null {
    if (this.#openConnections >= this.limits.connections) return null;
    this.#openConnections++;
    return new Connection(origin.tls, opener, () => {
      this.#openConnections--;
    });
  }

  #learn(base: string): Origin {
    const url = URL.canParse(base) ? new URL(base) : null;
    const isPlain = url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
    if (!isPlain)
      throw new UpstreamFailure("forbidden_address", "the URL is not scheme, host, port and path", false);
    const origin = new Origin(url, this.#ca, this.#findProxy, this.limits, this.ticker);
    if (this.#closed) origin.retire();
    if (this.#origins.size >= this.limits.origins) this.#forgetOne();
    this.#origins.set(base, origin);
    return origin;
  }

  #forgetOne(): void {
    const entries = [...this.#origins];
    const [base, origin] = entries.find(([, { idleCount }]) => idleCount === 0) ?? entries[0]!;
    origin.retire();
    this.#origins.delete(base);
  }
}
