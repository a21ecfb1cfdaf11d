/** WebSocket frames as a client writes and reads them, without extensions (RFC 6455, 5). */

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
export type Opcode = (typeof OPCODES)[keyof typeof OPCODES];

/** Close codes that stand for "none was given" and "broken off": they are never sent. (RFC 6455, 7.4.1) */
export const NO_CODE = 1005;
export const BROKEN_OFF = 1006;

const LONGEST_CONTROL_BYTES = 125;

/** What came is no WebSocket traffic, or too much of it. `code`: what the host is told. */
export class MalformedFrame extends Error {
  override readonly name = "MalformedFrame";
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export interface FrameEvents {
  /** A whole message, put together from its fragments; it may be kept. */
  onMessage(data: string | Uint8Array): void;
  onPing(data: Uint8Array): void;
  onPong(): void;
  onClose(code: number, reason: string): void;
}

/** One masked frame. `mask`: any 32 bits, chosen anew for each. */
export function frameOf(opcode: Opcode, payload: Uint8Array, mask: number): Buffer {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = Buffer.allocUnsafe(2 + extra + 4 + length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) frame.writeUInt16BE(length, 2);
  else if (extra === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  const key = 2 + extra;
  frame.writeUInt32BE(mask >>> 0, key);
  const from = key + 4;
  for (let at = 0; at < length; at += 1) {
    frame[from + at] = (payload[at] as number) ^ (frame[key + (at & 3)] as number);
  }
  return frame;
}

export function closePayload(code: number, reason: string): Uint8Array {
  if (code === NO_CODE || code === BROKEN_OFF) return new Uint8Array();
  const text = cutUtf8(reason, LONGEST_CONTROL_BYTES - 2);
  const payload = Buffer.allocUnsafe(2 + text.length);
  payload.writeUInt16BE(code, 0);
  payload.set(text, 2);
  return payload;
}

/** Reads frames from pieces of any size. */
export class FrameReader {
  /** Bytes that are needed before the next look is worth it. */
  #needed = 2;
  #heldChunks: Buffer[] = [];
  #heldBytes = 0;
  #fragments: Uint8Array[] = [];
  #fragmentBytes = 0;
  #messageOpcode: Opcode | null = null;
  #closed = false;

  constructor(
    private readonly events: FrameEvents,
    private readonly maxMessageBytes: number,
  ) {}

  /** @throws MalformedFrame; the reader is of no use afterwards. */
  feed(bytes: Buffer): void {
    this.#heldChunks.push(bytes);
    this.#heldBytes += bytes.length;
    while (!this.#closed && this.#heldBytes >= this.#needed) {
      if (this.#heldChunks.length > 1) this.#heldChunks = [Buffer.concat(this.#heldChunks, this.#heldBytes)];
      const held = this.#heldChunks[0] as Buffer;
      const used = this.#readOne(held);
      if (used === 0) return;
      const rest = held.subarray(used);
      this.#heldChunks = rest.length > 0 ? [rest] : [];
      this.#heldBytes = rest.length;
      this.#needed = 2;
    }
  }

  /** Answers how many bytes the frame had; 0 where it is not whole, and then how many are needed. */
  #readOne(held: Buffer): number {
    const first = held[0] as number;
    const second = held[1] as number;
    if ((first & 0x70) !== 0) throw new MalformedFrame(1002, "a frame with an extension that was not agreed");
    if ((second & 0x80) !== 0) throw new MalformedFrame(1002, "a masked frame from a server");
    const opcode = first & 0x0f;
    const short = second & 0x7f;
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (held.length < headBytes) return this.#wait(headBytes);
    const length =
      short < 126 ? short : short === 126 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2));
    const isFinal = (first & 0x80) !== 0;
    if (opcode >= 8 && (length > LONGEST_CONTROL_BYTES || !isFinal)) {
      throw new MalformedFrame(1002, "a control frame that is too long or in parts");
    }
    if (length + this.#fragmentBytes > this.maxMessageBytes) {
      throw new MalformedFrame(1009, `a message of more than ${this.maxMessageBytes} bytes`);
    }
    const whole = headBytes + length;
    if (held.length < whole) return this.#wait(whole);
    this.#take(opcode, held.subarray(headBytes, whole), isFinal);
    return whole;
  }

  #wait(needed: number): number {
    this.#needed = needed;
    return 0;
  }

  #take(opcode: number, payload: Buffer, isFinal: boolean): void {
    if (opcode === OPCODES.ping) this.events.onPing(payload);
    else if (opcode === OPCODES.pong) this.events.onPong();
    else if (opcode === OPCODES.close) this.#close(payload);
    else if (opcode === OPCODES.text || opcode === OPCODES.binary || opcode === OPCODES.continuation) {
      this.#addData(opcode, payload, isFinal);
    } else throw new MalformedFrame(1002, "a frame of an unknown kind");
  }

  #addData(opcode: Opcode, payload: Buffer, isFinal: boolean): void {
    const isFirst = opcode !== OPCODES.continuation;
    if (isFirst !== (this.#messageOpcode === null)) throw new MalformedFrame(1002, "fragments out of order");
    if (isFirst) this.#messageOpcode = opcode;
    if (isFirst && isFinal) {
      this.#finish(payload);
      return;
    }
    this.#fragments.push(payload);
    this.#fragmentBytes += payload.length;
    if (isFinal) this.#finish(Buffer.concat(this.#fragments, this.#fragmentBytes));
  }

  #finish(payload: Buffer): void {
    const isText = this.#messageOpcode === OPCODES.text;
    this.#messageOpcode = null;
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.events.onMessage(isText ? textOf(payload) : payload);
  }

  #close(payload: Buffer): void {
    this.#closed = true;
    if (payload.length === 0) this.events.onClose(NO_CODE, "");
    else if (payload.length === 1) throw new MalformedFrame(1002, "a close frame with half a code");
    else this.events.onClose(payload.readUInt16BE(0), textOf(payload.subarray(2)));
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(payload: Uint8Array): string {
  try {
    return utf8.decode(payload);
  } catch {
    throw new MalformedFrame(1007, "a text that is not UTF-8");
  }
}

function cutUtf8(text: string, maxBytes: number): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  let end = Math.min(bytes.length, maxBytes);
  while (end < bytes.length && end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
