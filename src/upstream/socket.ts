import type { Clock } from "../clock.ts";
import { type AnswerHead, MalformedAnswer, parseHead } from "./answer-head.ts";
import type { Connection, ConnectionUser } from "./connection.ts";
import { Dial, type Dialer, type DialGround } from "./dial.ts";
import {
  BROKEN_OFF,
  closePayload,
  type FrameEvents,
  FrameReader,
  frameOf,
  MalformedFrame,
  NO_CODE,
  OPCODES,
  type Opcode,
} from "./frames.ts";
import { AnswerParser, type ParserEvents } from "./http-parser.ts";
import type { Origin } from "./origin.ts";
import { requestHead } from "./request-head.ts";
import type { Watched } from "./ticker.ts";
import { type FailureKind, type HeaderList, UpstreamFailure } from "./types.ts";

export interface SocketRequest {
  /** Absolute http(s) URL, as for any request. */
  url: string;
  /** Without those of the handshake itself. */
  headers: HeaderList;
  /** Sub-protocols that are offered, in order. */
  protocols: readonly string[];
}

export interface SocketOptions {
  connectTimeoutMs: number;
  /** From the request to the answer's head. */
  firstByteTimeoutMs: number;
  /** Without any byte, a ping's answer included, the host counts as gone. */
  idleTimeoutMs: number;
}

/** Receives what the host sends; `onClosed` exactly once, last. */
export interface SocketSink {
  onMessage(data: string | Uint8Array): void;
  /** `code` 1005: none was given; 1006: the connection broke off, `reason` says how. */
  onClosed(code: number, reason: string): void;
}

export interface UpstreamSocket {
  /** What the host chose of the sub-protocols; null: none. */
  readonly protocol: string | null;
  /** Bytes that wait to be written. */
  readonly bufferedBytes: number;
  /** Starts the flow into `sink`; until then what comes waits in the socket. */
  read(sink: SocketSink): void;
  send(data: string | Uint8Array): void;
  pause(): void;
  resume(): void;
  /** Says goodbye; the host has a moment to answer. */
  close(code: number, reason: string): void;
  /** Breaks off; the sink hears nothing more. */
  abort(): void;
}

/** The host answered, but not with a WebSocket. */
export interface SocketRefusal {
  status: number;
  headers: HeaderList;
  /** At most 64 KiB of it. */
  body: Uint8Array;
}

export interface PendingSocket {
  /** Rejects with UpstreamFailure. */
  opening: Promise<{ socket: UpstreamSocket; refusal: null } | { socket: null; refusal: SocketRefusal }>;
  abort(): void;
}

const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const HEAD_END = "\r\n\r\n";
const SWITCHING = "HTTP/1.1 101";
const LONGEST_REFUSAL_BYTES = 65_536;
const LONGEST_REFUSAL_MS = 2_000;
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
/** A host that does not answer a goodbye is left. */
const LONGEST_GOODBYE_MS = 2_000;
/** Pings within one idle limit. */
const PINGS_PER_IDLE = 4;

/** One WebSocket to an upstream: handshake, then frames in both directions. */
export class Socket
  implements PendingSocket, UpstreamSocket, Dialer, ConnectionUser, Watched, ParserEvents, FrameEvents
{
  due = Number.POSITIVE_INFINITY;
  protocol: string | null = null;
  bufferedBytes = 0;
  readonly opening: PendingSocket["opening"];
  readonly #settle: PromiseWithResolvers<Awaited<PendingSocket["opening"]>>;
  readonly #key: string;
  readonly #frames = new FrameReader(this, MAX_MESSAGE_BYTES);
  #dial: Dial | null = null;
  #connection: Connection | null = null;
  #head = "";
  #state: "dialing" | "asking" | "refused" | "open" | "closing" | "over" = "dialing";
  #parser: AnswerParser | null = null;
  #refusal: { head: AnswerHead; chunks: Buffer[]; bytes: number } | null = null;
  #gathered: Buffer = Buffer.alloc(0);
  #early: Buffer | null = null;
  #sink: SocketSink | null = null;
  #outgoing: Buffer[] = [];
  #writing: Buffer[] = [];
  #writingBytes = 0;
  #lastByteAt = 0;
  #isReading = true;

  constructor(
    private readonly ground: DialGround,
    private readonly origin: Origin,
    private readonly clock: Clock,
    private readonly options: SocketOptions,
  ) {
    this.#settle = Promise.withResolvers();
    this.opening = this.#settle.promise;
    const nonce = Buffer.allocUnsafe(16);
    for (let at = 0; at < 16; at += 1) nonce[at] = Math.floor(clock.random() * 256);
    this.#key = nonce.toString("base64");
  }

  /** @throws UpstreamFailure where the request cannot be written as it is. */
  start(request: SocketRequest, target: string): void {
    const { headers, url, protocols } = request;
    const head = requestHead({ method: "GET", url, headers, body: null }, target, this.origin.hostHeader);
    const lines = [
      "connection: Upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      `sec-websocket-key: ${this.#key}`,
      ...(protocols.length === 0 ? [] : [`sec-websocket-protocol: ${protocols.join(", ")}`]),
    ];
    this.#head = `${head.slice(0, -2)}${lines.join("\r\n")}${HEAD_END}`;
    this.#dial = new Dial(this.ground, this.origin, this.options.connectTimeoutMs, this);
    this.#dial.start();
  }

  // --- opening ------------------------------------------------------------------------------------------

  onDialed(connection: Connection): void {
    this.#dial = null;
    this.#connection = connection;
    this.#state = "asking";
    connection.user = this;
    this.ground.ticker.watch(this);
    this.due = this.ground.ticker.after(this.options.firstByteTimeoutMs);
    this.#write(Buffer.from(this.#head, "latin1"));
  }

  onDialFailed(failure: UpstreamFailure): void {
    this.#dial = null;
    this.#fail(failure.kind, failure.message);
  }

  onBytes(bytes: Buffer): void {
    this.#lastByteAt = this.ground.ticker.now;
    try {
      if (this.#state === "open" || this.#state === "closing") this.#readFrames(bytes);
      else if (this.#parser !== null) this.#readRefusal(bytes);
      else this.#readHead(bytes);
    } catch (error) {
      if (error instanceof MalformedAnswer) this.#fail("protocol_error", this.#says(error.message));
      else if (error instanceof MalformedFrame) this.#breakOff(error.code, this.#says(error.message));
      else throw error;
    }
  }

  #readHead(bytes: Buffer): void {
    this.#gathered = this.#gathered.length === 0 ? bytes : Buffer.concat([this.#gathered, bytes]);
    const gathered = this.#gathered;
    if (gathered.length < SWITCHING.length) return;
    if (gathered.toString("latin1", 0, SWITCHING.length) !== SWITCHING) {
      this.#parser = new AnswerParser(false, this, this.ground.limits);
      this.#readRefusal(gathered);
      return;
    }
    const end = gathered.indexOf(HEAD_END);
    if (end < 0) {
      if (gathered.length > this.ground.limits.headBytes)
        throw new MalformedAnswer("the answer's head is too long");
      return;
    }
    const { headers } = parseHead(gathered.toString("latin1", 0, end + 2), false, this.ground.limits);
    const find = (wanted: string) => headers.find(([name]) => name === wanted)?.[1] ?? null;
    const expected = new Bun.CryptoHasher("sha1").update(this.#key + ACCEPT_GUID).digest("base64");
    if (find("sec-websocket-accept") !== expected || find("sec-websocket-extensions") !== null) {
      throw new MalformedAnswer("the handshake was answered wrongly");
    }
    this.protocol = find("sec-websocket-protocol");
    this.#state = "open";
    this.due = this.#nextLook();
    const rest = gathered.subarray(end + HEAD_END.length);
    this.#gathered = Buffer.alloc(0);
    this.#early = rest.length > 0 ? Buffer.from(rest) : null;
    this.#connection?.pause();
    this.#settle.resolve({ socket: this, refusal: null });
  }

  #readRefusal(bytes: Buffer): void {
    this.#parser?.feed(bytes);
    if (this.#parser?.done === true) this.#refuse();
  }

  onHead(head: AnswerHead): void {
    this.#state = "refused";
    this.#refusal = { head, chunks: [], bytes: 0 };
    this.due = this.ground.ticker.after(LONGEST_REFUSAL_MS);
  }

  onBody(chunk: Buffer): void {
    if (this.#refusal === null) return;
    this.#refusal.chunks.push(chunk);
    this.#refusal.bytes += chunk.length;
    if (this.#refusal.bytes >= LONGEST_REFUSAL_BYTES) this.#refuse();
  }

  #refuse(): void {
    const refusal = this.#refusal;
    if (refusal === null || this.#state === "over") return;
    this.#end();
    const body = Buffer.concat(refusal.chunks, refusal.bytes).subarray(0, LONGEST_REFUSAL_BYTES);
    const { status, headers } = refusal.head;
    this.#settle.resolve({ socket: null, refusal: { status, headers, body } });
  }

  // --- open ---------------------------------------------------------------------------------------------

  read(sink: SocketSink): void {
    this.#sink = sink;
    this.#connection?.resume();
    const early = this.#early;
    this.#early = null;
    if (early !== null) this.onBytes(early);
  }

  #readFrames(bytes: Buffer): void {
    this.#frames.feed(bytes);
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
    this.due = this.ground.ticker.after(LONGEST_GOODBYE_MS);
  }

  pause(): void {
    this.#isReading = false;
    this.#connection?.pause();
  }

  resume(): void {
    this.#isReading = true;
    this.#lastByteAt = this.ground.ticker.now;
    this.#connection?.resume();
  }

  abort(): void {
    this.#sink = null;
    this.#fail("aborted", "aborted before the socket was open");
  }

  // --- the connection -----------------------------------------------------------------------------------

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
    if (this.#state === "refused" && this.#parser?.finish() === true) this.#refuse();
    else if (this.#state === "open" || this.#state === "closing") {
      this.#leave(BROKEN_OFF, this.#says(`the connection ${error === null ? "was closed" : "broke"}`));
    } else
      this.#fail("connection_lost", this.#says("the connection was lost before the handshake was answered"));
  }

  expire(): void {
    if (this.#state === "refused") {
      this.#refuse();
    } else if (this.#state === "closing") {
      this.#leave(BROKEN_OFF, this.#says("the goodbye was not answered"));
    } else if (this.#state === "open") {
      const isGone =
        this.#isReading && this.ground.ticker.now - this.#lastByteAt >= this.options.idleTimeoutMs;
      if (isGone && this.#sink !== null) {
        this.#breakOff(BROKEN_OFF, this.#says(`no sign of life for ${this.options.idleTimeoutMs} ms`));
        return;
      }
      this.#sendFrame(OPCODES.ping, new Uint8Array());
      this.due = this.#nextLook();
    } else
      this.#fail("first_byte_timeout", this.#says(`no answer within ${this.options.firstByteTimeoutMs} ms`));
  }

  #nextLook(): number {
    return this.ground.ticker.after(this.options.idleTimeoutMs / PINGS_PER_IDLE);
  }

  #sendFrame(opcode: Opcode, payload: Uint8Array): void {
    this.#write(frameOf(opcode, payload, Math.floor(this.clock.random() * 2 ** 32)));
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

  #fail(kind: FailureKind, message: string): void {
    if (this.#state === "over") return;
    const sent = this.#state !== "dialing";
    this.#end();
    this.opening.catch(() => {});
    this.#settle.reject(new UpstreamFailure(kind, message, sent));
  }

  #end(): void {
    this.#state = "over";
    this.due = Number.POSITIVE_INFINITY;
    this.ground.ticker.unwatch(this);
    this.#dial?.cancel();
    this.#parser?.stop();
    // What is still to be written, a goodbye above all, goes out before the FIN.
    if (this.#writingBytes > 0 || this.#connection?.writing === true) this.#connection?.destroy();
    else this.#connection?.end();
    this.#connection = null;
    this.#sink = null;
  }

  #says(what: string): string {
    return `${this.origin.hostPort}: ${what}`;
  }
}

export { BROKEN_OFF, NO_CODE };
