import type { Clock } from "../clock.ts";
import type { Connection, ConnectionUser } from "./connection.ts";
import type { DialGround } from "./dial.ts";
import {
  BROKEN_OFF,
  closePayload,
  type FrameEvents,
  FrameReader,
  frameOf,
  MalformedFrame,
  OPCODES,
  type Opcode,
} from "./frames.ts";
import type { Origin } from "./origin.ts";
import {
  MAX_MESSAGE_BYTES,
  type SocketOptions,
  type SocketSink,
  type UpstreamSocket,
} from "./socket-types.ts";
import type { Watched } from "./ticker.ts";

/** A host that does not answer a goodbye is left. */
const LONGEST_GOODBYE_MS = 2_000;
/** Pings within one idle limit. */
const PINGS_PER_IDLE = 4;

/** What an open socket stands on. */
export interface SocketGround {
  ground: DialGround;
  origin: Origin;
  /** For the masks of frames: any bits will do, since no page chooses what is sent. */
  clock: Clock;
  options: SocketOptions;
}

/** A WebSocket whose handshake was answered: frames in both directions. */
export class OpenSocket implements UpstreamSocket, ConnectionUser, Watched, FrameEvents {
  due = Number.POSITIVE_INFINITY;
  bufferedBytes = 0;
  readonly #frames = new FrameReader(this, MAX_MESSAGE_BYTES);
  #connection: Connection | null;
  #state: "open" | "closing" | "over" = "open";
  #early: Buffer | null;
  #sink: SocketSink | null = null;
  #outgoing: Buffer[] = [];
  #writing: Buffer[] = [];
  #writingBytes = 0;
  #lastByteAt: number;
  #isReading = true;

  /** @param early What came right behind the handshake's answer. */
  constructor(
    private readonly stand: SocketGround,
    connection: Connection,
    readonly protocol: string | null,
    early: Buffer,
  ) {
    const { ticker } = stand.ground;
    this.#connection = connection;
    this.#early = early.length > 0 ? Buffer.from(early) : null;
    this.#lastByteAt = ticker.now;
    connection.user = this;
    connection.pause();
    ticker.watch(this);
    this.due = this.#nextLook();
  }

  read(sink: SocketSink): void {
    this.#sink = sink;
    this.#connection?.resume();
    const early = this.#early;
    this.#early = null;
    if (early !== null) this.onBytes(early);
  }

  onBytes(bytes: Buffer): void {
    this.#lastByteAt = this.stand.ground.ticker.now;
    try {
      this.#frames.feed(bytes);
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error;
      this.#breakOff(error.code, this.#says(error.message));
    }
  }

  onMessage(data: string | Uint8Array): void {
    if (this.#state === "open") this.#sink?.onMessage(data);
  }

  onPing(data: Uint8Array): void {
    this.#sendFrame(OPCODES.pong, data);
  }

  onPong(): void {}

  onClose(code: number, reason: string): void {
    const wasOpen = this.#state === "open";
    if (wasOpen) this.#sendFrame(OPCODES.close, closePayload(code, ""));
    this.#leave(code, reason);
  }

  send(data: string | Uint8Array): void {
    if (this.#state !== "open") return;
    const isText = typeof data === "string";
    this.#sendFrame(isText ? OPCODES.text : OPCODES.binary, isText ? new TextEncoder().encode(data) : data);
  }

  close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#sendFrame(OPCODES.close, closePayload(code, reason));
    this.#state = "closing";
    this.#connection?.resume();
    this.due = this.stand.ground.ticker.after(LONGEST_GOODBYE_MS);
  }

  pause(): void {
    this.#isReading = false;
    this.#connection?.pause();
  }

  resume(): void {
    this.#isReading = true;
    this.#lastByteAt = this.stand.ground.ticker.now;
    this.#connection?.resume();
  }

  abort(): void {
    this.#end();
  }

  onWritten(whole: boolean): void {
    if (!whole) return;
    this.bufferedBytes -= this.#writingBytes;
    this.#writing = this.#outgoing;
    this.#outgoing = [];
    this.#writingBytes = this.#writing.reduce((sum, { length }) => sum + length, 0);
    if (this.#writing.length > 0) this.#connection?.write(this.#writing);
  }

  onGone(error: Error | null): void {
    this.#connection = null;
    this.#leave(BROKEN_OFF, this.#says(`the connection ${error === null ? "was closed" : "broke"}`));
  }

  expire(): void {
    if (this.#state === "closing") {
      this.#leave(BROKEN_OFF, this.#says("the goodbye was not answered"));
      return;
    }
    const { idleTimeoutMs } = this.stand.options;
    const isQuiet = this.stand.ground.ticker.now - this.#lastByteAt >= idleTimeoutMs;
    if (isQuiet && this.#isReading && this.#sink !== null) {
      this.#breakOff(BROKEN_OFF, this.#says(`no sign of life for ${idleTimeoutMs} ms`));
      return;
    }
    this.#sendFrame(OPCODES.ping, new Uint8Array());
    this.due = this.#nextLook();
  }

  #nextLook(): number {
    return this.stand.ground.ticker.after(this.stand.options.idleTimeoutMs / PINGS_PER_IDLE);
  }

  #sendFrame(opcode: Opcode, payload: Uint8Array): void {
    this.#write(frameOf(opcode, payload, Math.floor(this.stand.clock.random() * 2 ** 32)));
  }

  #write(bytes: Buffer): void {
    if (this.#connection === null) return;
    this.bufferedBytes += bytes.length;
    if (this.#writingBytes > 0) {
      this.#outgoing.push(bytes);
      return;
    }
    this.#writing = [bytes];
    this.#writingBytes = bytes.length;
    this.#connection.write(this.#writing);
  }

  /** Ends an open socket for a fault of the host. */
  #breakOff(code: number, reason: string): void {
    if (code !== BROKEN_OFF) this.#sendFrame(OPCODES.close, closePayload(code, ""));
    this.#leave(BROKEN_OFF, reason);
  }

  #leave(code: number, reason: string): void {
    const sink = this.#sink;
    if (this.#state === "over") return;
    this.#end();
    sink?.onClosed(code, reason);
  }

  #end(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.due = Number.POSITIVE_INFINITY;
    this.stand.ground.ticker.unwatch(this);
    // What went out whole, a goodbye above all, is followed by a FIN.
    if (this.#writingBytes > 0) this.#connection?.destroy();
    else this.#connection?.end();
    this.#connection = null;
    this.#sink = null;
  }

  #says(what: string): string {
    return `${this.stand.origin.hostPort}: ${what}`;
  }
}
