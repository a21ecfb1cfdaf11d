import type { Socket } from "bun";

/** Thrown through an answer that is being played once its client is gone. */
export class ClientLeft extends Error {
  override readonly name = "ClientLeft";
}

/** The way back to one client: bytes exactly as given, held back where the client reads slowly. */
export class Wire {
  #open = true;
  /** The bytes that the kernel has not taken yet, and who waits for that. */
  #rest: Uint8Array | null = null;
  #waiting: PromiseWithResolvers<void> | null = null;
  sentBytes = 0;

  constructor(private readonly socket: Socket<unknown>) {}

  get open(): boolean {
    return this.#open;
  }

  /** Settles when the kernel has taken every byte; throws ClientLeft. One at a time. */
  write(data: string | Uint8Array): Promise<void> | undefined {
    if (!this.#open) throw new ClientLeft();
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const taken = Math.max(0, this.socket.write(bytes));
    this.sentBytes += taken;
    if (taken === bytes.length) return undefined;
    this.#rest = bytes.subarray(taken);
    return this.#wait();
  }

  /** Throws ClientLeft as soon as the client goes. 0 gives way to the event loop once. */
  async sleep(ms: number): Promise<void> {
    if (!this.#open) throw new ClientLeft();
    if (ms <= 0) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!this.#open) throw new ClientLeft();
      return;
    }
    const timer = setTimeout(() => this.#settle(), ms);
    try {
      await this.#wait();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Does nothing more until the client goes; then throws ClientLeft. */
  stall(): Promise<void> {
    if (!this.#open) throw new ClientLeft();
    return this.#wait();
  }

  /** A clean end of the connection (FIN), after all that was written. */
  fin(): void {
    this.#open = false;
    this.socket.end();
  }

  /** RST. What was written before may be lost on the way: see RESET_AFTER_MS in answers.ts. */
  reset(): void {
    this.#open = false;
    this.socket.terminate();
  }

  /** For the server: the kernel takes bytes again. */
  drained(): void {
    if (this.#rest === null) return;
    const taken = Math.max(0, this.socket.write(this.#rest));
    this.sentBytes += taken;
    this.#rest = this.#rest.subarray(taken);
    if (this.#rest.length > 0) return;
    this.#rest = null;
    this.#settle();
  }

  /** For the server: the connection is gone. */
  closed(): void {
    this.#open = false;
    this.#rest = null;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(new ClientLeft());
  }

  #wait(): Promise<void> {
    if (this.#waiting !== null) throw new Error("two parts of an answer wait at once");
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  #settle(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve();
  }
}
