import type { ServerWebSocket } from "bun";
import { usageIn } from "../record/usage.ts";
import type { Usage } from "../types.ts";
import { BROKEN_OFF, NO_CODE } from "../upstream/frames.ts";
import type { SocketSink, UpstreamSocket } from "../upstream/socket-types.ts";

/** Messages that came before the client's side is there; beyond this the upstream is held back. */
const MAX_EARLY_MESSAGES = 64;
/** The runtime cannot hold a client back, so one that sends faster than the upstream takes is cut off here. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;
const GOING_AWAY = 1001;
/** Only events of this kind tell usage; longer ones than this are not looked into. */
const USAGE_EVENT = '"response.done"';
const LONGEST_USAGE_EVENT_CHARS = 1_048_576;

export interface SessionEnd {
  by: "client" | "upstream";
  /** 1005: without a code; 1006: broken off. */
  code: number;
  reason: string;
  usage: Usage | null;
  /** Bytes that went to the client. */
  bytes: number;
}

export type ClientSocket = ServerWebSocket<RealtimeSession>;

/**
 * One WebSocket session, handed through in both directions: messages, close codes and their reasons. The runtime
 * calls the handlers that take a `socket`.
 */
export class RealtimeSession implements SocketSink {
  #client: ClientSocket | null = null;
  #early: (string | Uint8Array)[] = [];
  #earlyEnd: { code: number; reason: string } | null = null;
  #firstCame = Promise.withResolvers<void>();
  #usage: Usage | null = null;
  #bytes = 0;
  #isOver = false;
  #isPaused = false;

  constructor(
    private readonly upstream: UpstreamSocket,
    /** Called once, when either side has ended. */
    private readonly ended: (end: SessionEnd) => void,
  ) {
    upstream.read(this);
  }

  // --- before the client's side is there ----------------------------------------------------------------

  /** The first message, where one comes within the time; the close code where the upstream left at once. */
  async beginning(
    limitMs: number,
  ): Promise<{ first: string | null; closed: { code: number; reason: string } | null }> {
    const timer = setTimeout(() => this.#firstCame.resolve(), limitMs);
    await this.#firstCame.promise;
    clearTimeout(timer);
    const first = this.#early[0];
    return { first: typeof first === "string" ? first : null, closed: this.#earlyEnd };
  }

  /** The client never came. */
  abandon(): void {
    this.#isOver = true;
    this.#firstCame.resolve();
    this.upstream.abort();
  }

  // --- from the client ----------------------------------------------------------------------------------

  open(socket: ClientSocket): void {
    this.#client = socket;
    for (const message of this.#early.splice(0)) this.onMessage(message);
    if (this.#earlyEnd !== null) this.#toClient(this.#earlyEnd.code, this.#earlyEnd.reason);
    else if (this.#isPaused) this.#resume();
  }

  message(socket: ClientSocket, data: string | Buffer): void {
    if (this.#isOver) return;
    this.upstream.send(data);
    if (this.upstream.bufferedBytes > MAX_WAITING_BYTES) {
      socket.close(TRY_AGAIN_LATER, "the upstream does not take messages so fast");
    }
  }

  drain(): void {
    this.#resume();
  }

  close(_socket: ClientSocket, code: number, reason: string): void {
    this.#end({ by: "client", code, reason });
    if (code === BROKEN_OFF) this.upstream.close(GOING_AWAY, "");
    else this.upstream.close(code, reason);
  }

  // --- from the upstream --------------------------------------------------------------------------------

  onMessage(data: string | Uint8Array): void {
    const client = this.#client;
    if (client === null) {
      this.#early.push(data);
      this.#firstCame.resolve();
      if (this.#early.length >= MAX_EARLY_MESSAGES) this.#pause();
      return;
    }
    this.#bytes += data.length;
    if (typeof data === "string") this.#countUsage(data);
    const sent =
      typeof data === "string" ? client.sendText(data) : client.sendBinary(data as Uint8Array<ArrayBuffer>);
    // -1: it waits in the runtime's own queue, and no more is to be read until that is empty.
    if (sent === -1) this.#pause();
  }

  onClosed(code: number, reason: string): void {
    if (this.#client === null) {
      this.#earlyEnd = { code, reason };
      this.#firstCame.resolve();
      return;
    }
    this.#end({ by: "upstream", code, reason });
    this.#toClient(code, reason);
  }

  #toClient(code: number, reason: string): void {
    this.#end({ by: "upstream", code, reason });
    if (code === NO_CODE) this.#client?.close();
    else if (code === BROKEN_OFF) this.#client?.close(INTERNAL_ERROR, "the upstream broke off");
    else this.#client?.close(code, reason);
  }

  #end(end: Pick<SessionEnd, "by" | "code" | "reason">): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.ended({ ...end, usage: this.#usage, bytes: this.#bytes });
  }

  #pause(): void {
    this.#isPaused = true;
    this.upstream.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.upstream.resume();
  }

  /** A session has many responses: what they used is added up. */
  #countUsage(event: string): void {
    if (event.length > LONGEST_USAGE_EVENT_CHARS || !event.includes(USAGE_EVENT)) return;
    const usage = usageIn(event);
    if (usage === null) return;
    const before = this.#usage;
    this.#usage = {
      inputTokens: usage.inputTokens + (before?.inputTokens ?? 0),
      outputTokens: usage.outputTokens + (before?.outputTokens ?? 0),
      cachedTokens: sum(usage.cachedTokens, before?.cachedTokens),
      reasoningTokens: sum(usage.reasoningTokens, before?.reasoningTokens),
    };
  }
}

function sum(a: number | null, b: number | null | undefined): number | null {
  return a === null && (b === null || b === undefined) ? null : (a ?? 0) + (b ?? 0);
}
