import type { Socket, SocketHandler, TLSOptions } from "bun";
import { atTurnEnd } from "../turn-end.ts";
import type { ForwardProxy } from "./forward-proxy.ts";
import { Tunnel, type TunnelUser } from "./tunnel.ts";

/** Who has a connection at the moment: an opening, an exchange, or the idle ones of an origin. */
export interface ConnectionUser {
  onBytes(bytes: Buffer, connection: Connection): void;
  /** Some or (`whole`) all of what `write` was given went out. */
  onWritten(whole: boolean): void;
  /** The connection is no more; `error` null: the host ended it in order. The last call. */
  onGone(error: Error | null, connection: Connection): void;
}

/** Who waits for a connection to open. Exactly one of the two is called, unless it was destroyed before. */
export interface ConnectionOpener {
  onOpen(connection: Connection): void;
  /** `insecure`: the host was reached but its TLS did not hold. */
  onOpenFailed(error: Error, insecure: boolean): void;
}

const NOTHING: Uint8Array[] = [];
const NOBODY: ConnectionUser = { onBytes() {}, onWritten() {}, onGone() {} };

/** One set of handlers for all sockets; each finds its connection in `socket.data`. */
const HANDLERS: SocketHandler<Connection> = {
  open: (socket) => socket.data.handleOpen(socket),
  handshake: (socket, success, error) => socket.data.handleHandshake(success && socket.authorized, error),
  data: (socket, bytes) => socket.data.user.onBytes(bytes, socket.data),
  drain: (socket) => socket.data.handleDrain(),
  end: (socket) => socket.data.handleEnd(),
  error: (socket, error) => {
    socket.data.handleError(error);
    // Without a code it comes from neither system nor TLS: a fault of the program, which must be seen.
    if (!("code" in error)) reportError(error);
  },
  close: (socket, error) => socket.data.handleClose(error ?? null),
};

/** One socket, plain or TLS. Knows nothing of HTTP. */
export class Connection implements TunnelUser {
  user: ConnectionUser = NOBODY;
  /** It has served a request before. */
  reused = false;
  /** On the ticker's time; kept for those who decide on reuse. */
  openedAt = 0;
  idleUntil = 0;
  #socket: Socket<Connection> | null = null;
  /** While the way through a proxy is being opened. */
  #tunnel: Tunnel | null = null;
  #opener: ConnectionOpener | null;
  #pieces: Uint8Array[] = NOTHING;
  #piece = 0;
  #offset = 0;
  #paused = false;
  #endSeen = false;
  #gone = false;
  #destroyed = false;

  /** `onClosed` is called once when the descriptor is free again, however the connection ended. */
  constructor(
    private readonly tls: TLSOptions | null,
    opener: ConnectionOpener,
    private readonly onClosed: () => void,
  ) {
    this.#opener = opener;
  }

  /** Begins to connect; the opener hears of it, never before this call returned. */
  open(address: string, port: number): void {
    const target = { hostname: address, port, data: this, socket: HANDLERS };
    Bun.connect(this.tls ? { ...target, tls: this.tls } : target).catch((error) => this.handleClose(error));
  }

  /** The same through a proxy at `address`, to `target` (host and port) behind it. */
  openThrough(proxy: ForwardProxy, address: string, target: string): void {
    this.#tunnel = new Tunnel(proxy, target, this);
    this.#tunnel.open(address);
  }

  /** Only hosts that speak TLS are reached so: the proxy sees nothing of what is said. */
  onTunnel(socket: Socket<Tunnel>): void {
    const tls = this.tls ?? {};
    this.#tunnel = null;
    if (this.#destroyed) socket.terminate();
    else socket.upgradeTLS({ data: this as Connection, tls, socket: HANDLERS });
  }

  onTunnelFailed(error: Error): void {
    this.handleClose(error);
  }

  /** Writes all pieces in order, at the end of this turn and then as the socket takes them. One call at a time. */
  write(pieces: Uint8Array[]): void {
    this.#pieces = pieces;
    this.#piece = 0;
    this.#offset = 0;
    atTurnEnd(this.#continue);
  }

  readonly #continue = (): void => {
    if (this.writing) this.#writeOn();
  };

  get writing(): boolean {
    return this.#piece < this.#pieces.length;
  }

  /** Drops what was not yet written: nothing sensible can be sent on this connection any more. */
  stopWriting(): void {
    this.#pieces = NOTHING;
    this.#piece = 0;
  }

  pause(): void {
    if (this.#paused || this.#gone) return;
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#paused || this.#gone) return;
    this.#paused = false;
    this.#socket?.resume();
  }

  /** An idle connection must not keep the process alive; one in use must. */
  setIdle(idle: boolean): void {
    if (idle) this.#socket?.unref();
    else this.#socket?.ref();
  }

  /** Says goodbye (FIN); nobody hears of the end. */
  end(): void {
    this.#detach();
    this.#socket?.end();
  }

  /** Breaks off (RST); nobody hears of the end. One that is still opening breaks off as soon as it is open. */
  destroy(): void {
    this.#detach();
    this.#tunnel?.abort();
    this.#socket?.terminate();
  }

  #detach(): void {
    this.user = NOBODY;
    this.#opener = null;
    this.stopWriting();
    this.#destroyed = true;
  }

  handleOpen(socket: Socket<Connection>): void {
    this.#socket = socket;
    if (this.#destroyed) socket.terminate();
    else if (!this.tls) this.#opened();
  }

  handleHandshake(trusted: boolean, error: Error | null): void {
    const opener = this.#opener;
    if (trusted && !error) {
      this.#opened();
    } else if (opener) {
      this.destroy();
      opener.onOpenFailed(error ?? new Error("the certificate was not verified"), true);
    } else {
      this.handleError(error ?? new Error("the certificate was not verified"));
    }
  }

  handleDrain(): void {
    this.#continue();
  }

  handleEnd(): void {
    this.#endSeen = true;
  }

  /** TLS failed under way. */
  handleError(error: Error): void {
    this.handleClose(error);
    this.#socket?.terminate();
  }

  handleClose(error: Error | null): void {
    if (this.#gone) return;
    this.#gone = true;
    const { user } = this;
    const opener = this.#opener;
    this.#detach();
    this.onClosed();
    const reason = error ?? (this.#endSeen ? null : new Error("the connection was closed"));
    if (opener) opener.onOpenFailed(reason ?? new Error("the connection was closed"), false);
    else user.onGone(reason, this);
  }

  #opened(): void {
    const opener = this.#opener;
    this.#opener = null;
    opener?.onOpen(this);
  }

  #writeOn(): void {
    const socket = this.#socket!;
    let progress = false;
    while (this.writing) {
      const piece = this.#pieces[this.#piece]!;
      const written = socket.write(piece, this.#offset, piece.length - this.#offset);
      // Negative: the socket is shut for writing. An answer may still be on its way, or `close` tells.
      if (written <= 0) break;
      progress = true;
      this.#offset += written;
      if (this.#offset < piece.length) break;
      this.#piece++;
      this.#offset = 0;
    }
    const whole = !this.writing;
    if (whole) this.stopWriting();
    if (progress) this.user.onWritten(whole);
  }
}
