import type { Socket } from "bun";
import type { Call, Script } from "./call.ts";
import { resolveScript } from "./call.ts";
import type { RequestHead } from "./request-reader.ts";
import { RequestReader } from "./request-reader.ts";
import { ClientLeft, Wire } from "./wire.ts";

/** What a connection needs of the fake upstream. */
export interface CallDesk {
  /** Notes the call and says what its key does. */
  begin(head: RequestHead, connection: number, connectionUse: number): { call: Call; script: Script };
  /** Something that must not happen: bytes that are no HTTP, a script that throws. */
  fault(message: string): void;
}

const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/** One connection: reads its requests in turn, plays the scripted answers. */
export class FakeConnection {
  readonly #wire: Wire;
  readonly #reader: RequestReader;
  #call: Call | null = null;
  #script: Script | null = null;
  #uses = 0;
  /** The answer was begun before the request's end had come. */
  #early = false;

  constructor(
    private readonly socket: Socket<unknown>,
    private readonly index: number,
    private readonly desk: CallDesk,
  ) {
    this.#wire = new Wire(socket);
    this.#reader = new RequestReader({
      onHead: (head) => this.#onHead(head),
      onBody: (chunk) => this.#call?.body.add(chunk),
      onEnd: () => this.#onEnd(),
    });
  }

  get idle(): boolean {
    return this.#reader.betweenRequests && (this.#call === null || this.#call.endedAt !== null);
  }

  received(data: Buffer): void {
    if (!this.#wire.open) return;
    this.#guarded(() => this.#reader.push(data));
  }

  drained(): void {
    this.#wire.drained();
  }

  closed(): void {
    if (this.#wire.open) this.#call?.end(true);
    this.#wire.closed();
  }

  drop(by: "fin" | "reset"): void {
    if (by === "fin") this.#wire.fin();
    else this.#wire.reset();
  }

  #onHead(head: RequestHead): void {
    this.#uses += 1;
    const { call, script } = this.desk.begin(head, this.index, this.#uses);
    this.#call = call;
    this.#script = script;
    this.#early = !Array.isArray(script) && typeof script !== "function" && script.early === true;
    if (this.#early) void this.#answer(call, script);
    else if (call.header("expect")?.toLowerCase() === "100-continue") void this.#wire.write(CONTINUE);
  }

  #onEnd(): void {
    const call = this.#call!;
    call.bodyAt = performance.now();
    if (!this.#early) void this.#answer(call, this.#script!);
    else if (call.endedAt !== null) this.#nextCall(call);
  }

  async #answer(call: Call, script: Script): Promise<void> {
    try {
      const answer = resolveScript(script, call);
      const playing =
        answer instanceof Promise ? (await answer).play(this.#wire, call) : answer.play(this.#wire, call);
      if (playing !== undefined) await playing;
      call.end(false);
    } catch (error) {
      call.end(true);
      if (error instanceof ClientLeft) return;
      this.desk.fault(`the script of ${call.method} ${call.path}: ${error}`);
      this.#wire.reset();
    }
    if (call.bodyAt !== null) this.#nextCall(call);
  }

  #nextCall(call: Call): void {
    if (!this.#wire.open) return;
    if (call.header("connection")?.toLowerCase() === "close") this.#wire.fin();
    else this.#guarded(() => this.#reader.next());
  }

  #guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.desk.fault(`connection ${this.index}: ${(error as Error).message}`);
      this.#call?.end(true);
      this.socket.write(BAD_REQUEST);
      this.#wire.fin();
    }
  }
}

const BAD_REQUEST = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
