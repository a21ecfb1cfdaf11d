import type { Socket, SocketHandler } from "bun";
import type { ForwardProxy } from "./forward-proxy.ts";

const HEAD_END = "\r\n\r\n";
const LONGEST_ANSWER_BYTES = 16_384;
const STATUS = /^HTTP\/1\.[01] (\d{3})/;

/** Who asked for a tunnel; exactly one of the two is called. */
export interface TunnelUser {
  /** What is sent from here on reaches the host. */
  onTunnel(socket: Socket<Tunnel>): void;
  onTunnelFailed(error: Error): void;
}

const HANDLERS: SocketHandler<Tunnel> = {
  open: (socket) => socket.data.handleOpen(socket),
  data: (socket, bytes) => socket.data.handleBytes(socket, bytes),
  error: (socket, error) => socket.data.fail(error),
  close: (socket, error) => socket.data.fail(error ?? new Error("the proxy closed the connection")),
};

/** Asks a forward proxy for a connection to a host. (RFC 9110, 9.3.6) */
export class Tunnel {
  #socket: Socket<Tunnel> | null = null;
  #answer = "";
  #isOver = false;
  #isAborted = false;

  constructor(
    private readonly proxy: ForwardProxy,
    /** Host and port that are wanted. */
    private readonly target: string,
    private readonly user: TunnelUser,
  ) {}

  /** @param address Of the proxy. */
  open(address: string): void {
    const { port } = this.proxy;
    Bun.connect({ hostname: address, port, data: this, socket: HANDLERS }).catch((error) => this.fail(error));
  }

  /** Breaks off before it stands; its user hears of that as of any other failure. */
  abort(): void {
    this.#isAborted = true;
    this.#socket?.terminate();
  }

  handleOpen(socket: Socket<Tunnel>): void {
    this.#socket = socket;
    if (this.#isAborted) {
      socket.terminate();
      return;
    }
    const { authorization } = this.proxy;
    const auth = authorization === null ? "" : `proxy-authorization: ${authorization}\r\n`;
    socket.write(`CONNECT ${this.target} HTTP/1.1\r\nhost: ${this.target}\r\n${auth}\r\n`);
  }

  handleBytes(socket: Socket<Tunnel>, bytes: Buffer): void {
    // What comes later is the host's, and is heard where the tunnel ends.
    if (this.#isOver) return;
    this.#answer += bytes.toString("latin1");
    const isWhole = this.#answer.includes(HEAD_END);
    if (!isWhole && this.#answer.length <= LONGEST_ANSWER_BYTES) return;
    const status = Number(STATUS.exec(this.#answer)?.[1] ?? 0);
    if (isWhole && status >= 200 && status < 300) {
      this.#isOver = true;
      this.user.onTunnel(socket);
      return;
    }
    this.fail(new Error(refusalWords(status)));
    socket.terminate();
  }

  fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.user.onTunnelFailed(error);
  }
}

function refusalWords(status: number): string {
  if (status === 407) return "the proxy wants a user name and a password: give them in HTTPS_PROXY";
  return status === 0 ? "the proxy does not answer in HTTP" : `the proxy refused with ${status}`;
}
