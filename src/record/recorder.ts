import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { RecordBatch, Storage } from "../storage/types.ts";
import type { KeptBodies, KeyEvent, KeyState, RequestRecord } from "../types.ts";

/** Records that wait for storage; beyond it the oldest are dropped and counted. */
const MAX_QUEUED_REQUESTS = 20_000;
const MAX_QUEUED_EVENTS = 5_000;
/** Of bodies that are kept; beyond it a request is recorded without its own. All that waits is written at once. */
const MAX_QUEUED_BODY_BYTES = 8 * 1024 * 1024;
/** Requests written at once, as soon as so many wait: a larger transaction would hold up streams by tens of ms. */
const BATCH_SIZE = 500;
const FLUSH_EVERY_MS = 250;
/** While storage fails, the next try waits longer each time, up to this. */
const LONGEST_RETRY_MS = 5_000;

export interface RecorderState {
  queued: number;
  dropped: number;
  /** Requests that were recorded without the bodies that were to be kept. */
  droppedBodies: number;
  /** Why the last batch could not be written; null once one was. */
  lastError: string | null;
}

/** States and rotations change with each request and only the last counts: they are written with the interval's batch. */
type Part = "all" | "requests";

/**
 * Gathers what happened and writes it in one transaction every 250 ms; requests sooner, where many come. Nothing on a
 * request's way waits for it: while storage fails, records wait in a bounded queue.
 */
export class Recorder {
  #requests: RequestRecord[] = [];
  #keyEvents: KeyEvent[] = [];
  #keyStates = new Map<string, KeyState>();
  #rotations = new Map<string, { name: string; keyId: string; used: number }>();
  #dropped = 0;
  #bodyBytes = 0;
  #droppedBodies = 0;
  #lastError: string | null = null;
  #failures = 0;
  readonly #timers: Record<Part, Timer | null> = { all: null, requests: null };
  #writing: Promise<void> | null = null;

  constructor(
    private readonly storage: Pick<Storage, "writeBatch">,
    private readonly log: Logger,
    private readonly clock: Clock,
  ) {}

  get state(): RecorderState {
    return {
      queued: this.#requests.length,
      dropped: this.#dropped,
      droppedBodies: this.#droppedBodies,
      lastError: this.#lastError,
    };
  }

  /** Takes the one final record of a request; never waits. */
  record(request: RequestRecord): void {
    this.#requests.push(request.bodies === undefined ? request : this.#boundBodies(request, request.bodies));
    if (this.#requests.length > MAX_QUEUED_REQUESTS) {
      const excess = this.#requests.length - MAX_QUEUED_REQUESTS;
      this.#left(this.#requests.splice(0, excess));
      this.#dropped += excess;
    }
    this.#plan();
  }

  keyEvent(event: Omit<KeyEvent, "id" | "at">): void {
    this.#keyEvents.push({ id: this.clock.id(), at: this.clock.now(), ...event });
    if (this.#keyEvents.length > MAX_QUEUED_EVENTS) this.#keyEvents.shift();
    this.#plan();
  }

  /** The state is read when the batch is written, so the latest counts. */
  keyState(state: KeyState): void {
    this.#keyStates.set(state.keyId, state);
    this.#plan();
  }

  rotated(name: string, keyId: string, used: number): void {
    this.#rotations.set(name, { name, keyId, used });
    this.#plan();
  }

  /** A deleted key has no state to write any more. */
  forgetKey(keyId: string): void {
    this.#keyStates.delete(keyId);
  }

  /** Writes all that waits; false where storage refuses. */
  async flush(): Promise<boolean> {
    await this.#writing;
    while (this.#waiting) {
      await this.#write("all");
      if (this.#lastError !== null) return false;
    }
    return true;
  }

  get #waiting(): boolean {
    return (
      this.#requests.length > 0 ||
      this.#keyEvents.length > 0 ||
      this.#keyStates.size > 0 ||
      this.#rotations.size > 0
    );
  }

  #boundBodies(request: RequestRecord, bodies: KeptBodies): RequestRecord {
    const bytes = bytesOf(bodies);
    if (this.#bodyBytes + bytes > MAX_QUEUED_BODY_BYTES) {
      this.#droppedBodies += 1;
      const { bodies: _, ...bare } = request;
      return bare;
    }
    this.#bodyBytes += bytes;
    return request;
  }

  /** These wait no more. */
  #left(requests: readonly RequestRecord[]): void {
    if (this.#bodyBytes === 0) return;
    for (const { bodies } of requests) if (bodies !== undefined) this.#bodyBytes -= bytesOf(bodies);
  }

  #plan(): void {
    if (this.#writing !== null) return;
    const isFull = this.#failures === 0 && this.#requests.length >= BATCH_SIZE;
    if (isFull) this.#timers.requests ??= this.#writeLater("requests", 0);
    const waitMs = Math.min(FLUSH_EVERY_MS * 2 ** Math.min(this.#failures, 10), LONGEST_RETRY_MS);
    this.#timers.all ??= this.#writeLater("all", waitMs);
  }

  #writeLater(part: Part, waitMs: number): Timer {
    const write = () => {
      this.#timers[part] = null;
      void this.#write(part);
    };
    return setTimeout(write, waitMs).unref();
  }

  #write(part: Part): Promise<void> {
    this.#writing ??= this.#writeBatch(part).finally(() => {
      this.#writing = null;
      if (this.#waiting) this.#plan();
    });
    return this.#writing;
  }

  async #writeBatch(part: Part): Promise<void> {
    const batch = this.#takeBatch(part);
    try {
      await this.storage.writeBatch(batch);
      this.#left(batch.requests);
      if (this.#lastError !== null) this.log.info("storage can be written again");
      this.#lastError = null;
      this.#failures = 0;
    } catch (error) {
      this.#putBack(batch);
      const message = error instanceof Error ? error.message : String(error);
      if (this.#lastError === null)
        this.log.error("storage cannot be written; records wait in memory", { error });
      this.#lastError = message;
      this.#failures += 1;
    }
  }

  #takeBatch(part: Part): RecordBatch {
    const requests = this.#requests.splice(0, BATCH_SIZE);
    if (part === "requests") return { requests, keyEvents: [], keyStates: [], rotations: [] };
    const keyStates = [...this.#keyStates.values()];
    const rotations = [...this.#rotations.values()];
    this.#keyStates.clear();
    this.#rotations.clear();
    return { requests, keyEvents: this.#keyEvents.splice(0), keyStates, rotations };
  }

  #putBack(batch: RecordBatch): void {
    this.#requests.unshift(...batch.requests);
    this.#keyEvents.unshift(...batch.keyEvents);
    for (const state of batch.keyStates) this.#keyStates.set(state.keyId, state);
    for (const rotation of batch.rotations) {
      if (!this.#rotations.has(rotation.name)) this.#rotations.set(rotation.name, rotation);
    }
  }
}

function bytesOf({ request, response, requestHeaders, responseHeaders }: KeptBodies): number {
  let bytes = Buffer.byteLength(request?.text ?? "") + Buffer.byteLength(response?.text ?? "");
  for (const headers of [requestHeaders, responseHeaders])
    for (const { name, value } of headers) bytes += name.length + value.length;
  return bytes;
}
