import type { Connection, ConnectionOpener } from "./connection.ts";
import { failureWords } from "./failure-words.ts";
import type { UpstreamLimits } from "./limits.ts";
import type { Origin } from "./origin.ts";
import type { Resolver } from "./resolver.ts";
import type { Ticker, Watched } from "./ticker.ts";
import { type FailureKind, UpstreamFailure } from "./types.ts";

/** What a dial needs of the client. */
export interface DialGround {
  readonly limits: UpstreamLimits;
  readonly ticker: Ticker;
  readonly resolver: Resolver;
  /** A connection that is counted, or null where the bound is reached. */
  newConnection(origin: Origin, opener: ConnectionOpener): Connection | null;
}

export interface Dialer {
  onDialed(connection: Connection): void;
  onDialFailed(failure: UpstreamFailure): void;
}

/** Opens one connection: resolves the name, then tries its addresses in turn, all within one time. */
export class Dial implements ConnectionOpener, Watched {
  due: number;
  readonly #deadline: number;
  #addresses: string[] = [];
  #tried = 0;
  #connection: Connection | null = null;
  #over = false;

  constructor(
    private readonly ground: DialGround,
    private readonly origin: Origin,
    private readonly timeoutMs: number,
    private readonly dialer: Dialer,
  ) {
    this.#deadline = ground.ticker.after(timeoutMs);
    this.due = this.#deadline;
  }

  /** Where the address is known the connection is on its way when this returns; may fail synchronously. */
  start(): void {
    this.ground.ticker.watch(this);
    if (this.origin.refusal) {
      this.#fail("forbidden_address", this.origin.refusal);
      return;
    }
    const addresses = this.ground.resolver.resolve(this.#dialled);
    if (Array.isArray(addresses)) {
      this.#tryAll(addresses);
      return;
    }
    addresses.then(
      (found) => this.#tryAll(found),
      (error) => this.#fail("connect_failed", failureWords(error, this.#whom), error),
    );
  }

  cancel(): void {
    this.#close();
    this.#connection?.destroy();
  }

  onOpen(connection: Connection): void {
    this.#close();
    this.ground.resolver.prefer(this.#dialled, this.#addresses[this.#tried - 1]!);
    connection.openedAt = this.ground.ticker.now;
    this.dialer.onDialed(connection);
  }

  onOpenFailed(error: Error, insecure: boolean): void {
    if (!insecure && this.#tried < this.#addresses.length) this.#tryNext();
    else this.#fail("connect_failed", failureWords(error, this.#whom));
  }

  expire(): void {
    this.#connection?.destroy();
    if (this.due < this.#deadline) this.#tryNext();
    else
      this.#fail("connect_timeout", `no connection to ${this.origin.hostPort} within ${this.timeoutMs} ms`);
  }

  #tryAll(addresses: string[]): void {
    if (this.#over) return;
    this.#addresses = addresses;
    if (addresses.length > 0) this.#tryNext();
    else this.#fail("connect_failed", `the name of ${this.#whom} has no address`);
  }

  #tryNext(): void {
    const { ticker, limits } = this.ground;
    const connection = this.ground.newConnection(this.origin, this);
    if (!connection) {
      this.#fail("connect_failed", `${limits.connections} connections are open, the limit`);
      return;
    }
    const left = this.#addresses.length - this.#tried;
    const share = Math.min((this.#deadline - ticker.now) / left, limits.addressMs);
    this.due = left > 1 ? Math.min(ticker.after(share), this.#deadline) : this.#deadline;
    this.#connection = connection;
    const address = this.#addresses[this.#tried++]!;
    const { proxy, port, hostPort } = this.origin;
    if (proxy === null) connection.open(address, port);
    else connection.openThrough(proxy, address, hostPort);
  }

  /** The host whose addresses are dialled: names behind a proxy are the proxy's to look up. */
  get #dialled(): string {
    return this.origin.proxy?.host ?? this.origin.host;
  }

  /** For messages. */
  get #whom(): string {
    const { proxy, hostPort } = this.origin;
    return proxy === null ? hostPort : `${hostPort} by way of the proxy ${proxy.host}:${proxy.port}`;
  }

  #fail(kind: FailureKind, message: string, cause?: unknown): void {
    if (this.#over) return;
    this.#close();
    this.dialer.onDialFailed(
      cause instanceof UpstreamFailure ? cause : new UpstreamFailure(kind, message, false),
    );
  }

  #close(): void {
    this.#over = true;
    this.ground.ticker.unwatch(this);
  }
}
