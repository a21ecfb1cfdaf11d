import { type AnswerHead, MalformedAnswer, parseHead } from "./answer-head.ts";
import type { Connection, ConnectionUser } from "./connection.ts";
import { Dial, type Dialer } from "./dial.ts";
import { AnswerParser, type ParserEvents } from "./http-parser.ts";
import { OpenSocket, type SocketGround } from "./open-socket.ts";
import { requestHead } from "./request-head.ts";
import type { PendingSocket, SocketRequest } from "./socket-types.ts";
import type { Watched } from "./ticker.ts";
import { type FailureKind, UpstreamFailure } from "./types.ts";

const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const HEAD_END = "\r\n\r\n";
const SWITCHING = "HTTP/1.1 101";
const LONGEST_REFUSAL_BYTES = 65_536;
const LONGEST_REFUSAL_MS = 2_000;

/** The handshake of one WebSocket: a connection of its own, the question, and an answer that opens or refuses. */
export class Handshake implements PendingSocket, Dialer, ConnectionUser, Watched, ParserEvents {
  due = Number.POSITIVE_INFINITY;
  readonly opening: PendingSocket["opening"];
  readonly #settle: PromiseWithResolvers<Awaited<PendingSocket["opening"]>>;
  readonly #key: string;
  #dial: Dial | null = null;
  #connection: Connection | null = null;
  #head = "";
  #state: "dialing" | "asking" | "refused" | "over" = "dialing";
  #parser: AnswerParser | null = null;
  #refusal: { head: AnswerHead; chunks: Buffer[]; bytes: number } | null = null;
  #gathered: Buffer = Buffer.alloc(0);
  #socket: OpenSocket | null = null;

  constructor(private readonly stand: SocketGround) {
    this.#settle = Promise.withResolvers();
    this.opening = this.#settle.promise;
    const nonce = Buffer.from(Array.from({ length: 16 }, () => Math.floor(stand.clock.random() * 256)));
    this.#key = nonce.toString("base64");
  }

  /** @throws UpstreamFailure where the request cannot be written as it is. */
  start(request: SocketRequest, target: string): void {
    const { headers, url, protocols } = request;
    const head = requestHead(
      { method: "GET", url, headers, body: null },
      target,
      this.stand.origin.hostHeader,
    );
    const lines = [
      "connection: Upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      `sec-websocket-key: ${this.#key}`,
      ...(protocols.length === 0 ? [] : [`sec-websocket-protocol: ${protocols.join(", ")}`]),
    ];
    this.#head = `${head.slice(0, -2)}${lines.join("\r\n")}${HEAD_END}`;
    this.#dial = new Dial(this.stand.ground, this.stand.origin, this.stand.options.connectTimeoutMs, this);
    this.#dial.start();
  }

  abort(): void {
    if (this.#socket === null) this.#fail("aborted", "aborted before the socket was open");
    else this.#socket.abort();
  }

  onDialed(connection: Connection): void {
    this.#dial = null;
    this.#connection = connection;
    this.#state = "asking";
    connection.user = this;
    this.stand.ground.ticker.watch(this);
    this.due = this.stand.ground.ticker.after(this.stand.options.firstByteTimeoutMs);
    connection.write([Buffer.from(this.#head, "latin1")]);
  }

  onDialFailed(failure: UpstreamFailure): void {
    this.#dial = null;
    this.#fail(failure.kind, failure.message);
  }

  onWritten(): void {}

  onBytes(bytes: Buffer): void {
    try {
      if (this.#parser === null) this.#readHead(bytes);
      else this.#readRefusal(bytes);
    } catch (error) {
      if (!(error instanceof MalformedAnswer)) throw error;
      this.#fail("protocol_error", this.#says(error.message));
    }
  }

  #readHead(bytes: Buffer): void {
    this.#gathered = this.#gathered.length === 0 ? bytes : Buffer.concat([this.#gathered, bytes]);
    const gathered = this.#gathered;
    if (gathered.length < SWITCHING.length) return;
    if (gathered.toString("latin1", 0, SWITCHING.length) !== SWITCHING) {
      this.#parser = new AnswerParser(false, this, this.stand.ground.limits);
      this.#readRefusal(gathered);
      return;
    }
    const end = gathered.indexOf(HEAD_END);
    if (end < 0) {
      if (gathered.length > this.stand.ground.limits.headBytes)
        throw new MalformedAnswer("the answer's head is too long");
      return;
    }
    const { headers } = parseHead(gathered.toString("latin1", 0, end + 2), false, this.stand.ground.limits);
    const find = (wanted: string) => headers.find(([name]) => name === wanted)?.[1] ?? null;
    const expected = new Bun.CryptoHasher("sha1").update(this.#key + ACCEPT_GUID).digest("base64");
    if (find("sec-websocket-accept") !== expected || find("sec-websocket-extensions") !== null) {
      throw new MalformedAnswer("the handshake was answered wrongly");
    }
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    this.#end();
    const early = gathered.subarray(end + HEAD_END.length);
    this.#socket = new OpenSocket(this.stand, connection, find("sec-websocket-protocol"), early);
    this.#settle.resolve({ socket: this.#socket, refusal: null });
  }

  #readRefusal(bytes: Buffer): void {
    this.#parser?.feed(bytes);
    if (this.#parser?.done === true) this.#refuse();
  }

  onHead(head: AnswerHead): void {
    this.#state = "refused";
    this.#refusal = { head, chunks: [], bytes: 0 };
    this.due = this.stand.ground.ticker.after(LONGEST_REFUSAL_MS);
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

  onGone(): void {
    this.#connection = null;
    if (this.#state === "refused" && this.#parser?.finish() === true) this.#refuse();
    else
      this.#fail("connection_lost", this.#says("the connection was lost before the handshake was answered"));
  }

  expire(): void {
    const { firstByteTimeoutMs } = this.stand.options;
    if (this.#state === "refused") this.#refuse();
    else this.#fail("first_byte_timeout", this.#says(`no answer within ${firstByteTimeoutMs} ms`));
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
    this.stand.ground.ticker.unwatch(this);
    this.#dial?.cancel();
    this.#parser?.stop();
    this.#connection?.end();
    this.#connection = null;
  }

  #says(what: string): string {
    return `${this.stand.origin.hostPort}: ${what}`;
  }
}
