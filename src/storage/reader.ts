import { InputError } from "../types.ts";
import type { ReaderTasks, TaskAnswer, TaskCall, TaskName } from "./reader-tasks.ts";

/** Calls that wait for the worker; beyond it a call is refused. */
const MAX_CALLS = 256;
/** A worker that answers nothing for so long is ended, so that nothing waits for it for ever. */
const LONGEST_CALL_MS = 60_000;

/** Whether it keeps the program running can be told to the runtime's workers, not to those of the web's standard. */
type Thread = Worker & { ref(): void; unref(): void };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: Timer;
}

/**
 * The main thread's side of the storage worker. The worker begins at the first call, does one thing after the other,
 * and begins anew where it died. Nothing of it keeps the program running, beside calls under way.
 */
export class Reader {
  #worker: Thread | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #isClosed = false;

  /** @param longestCallMs after which a call is taken for stuck. */
  constructor(
    private readonly path: string,
    private readonly longestCallMs = LONGEST_CALL_MS,
  ) {}

  call<Name extends TaskName>(
    name: Name,
    ...args: Parameters<ReaderTasks[Name]>
  ): Promise<Awaited<ReturnType<ReaderTasks[Name]>>> {
    if (this.#isClosed) return Promise.reject(new Error("storage is closed"));
    if (this.#waiting.size >= MAX_CALLS)
      return Promise.reject(new Error("too much is asked of storage at once"));
    const worker = this.#worker ?? this.#start();
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(worker, `${name} took too long`), this.longestCallMs);
      timer.unref();
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
      worker.ref();
      worker.postMessage({ id, name, args } satisfies TaskCall);
    });
  }

  /** Settles when the worker has let go of the database; nobody has to wait for it. */
  close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    this.#worker = null;
    this.#rejectAll("storage is closed");
    if (worker === null) return Promise.resolve();
    const ended = new Promise<void>((resolve) => worker.addEventListener("close", () => resolve()));
    worker.postMessage("close");
    return ended;
  }

  #start(): Thread {
    const worker = new Worker(workerUrl()) as Thread;
    worker.onmessage = ({ data }: MessageEvent<TaskAnswer>) => this.#settle(worker, data);
    worker.onerror = (event) => this.#fail(worker, event.message);
    worker.unref();
    worker.postMessage(this.path);
    this.#worker = worker;
    return worker;
  }

  #settle(worker: Thread, answer: TaskAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    clearTimeout(waiting.timer);
    if (this.#waiting.size === 0) worker.unref();
    if ("value" in answer) waiting.resolve(answer.value);
    else waiting.reject(errorOf(answer.error));
  }

  /** The next call starts another worker. */
  #fail(worker: Thread, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    worker.terminate();
    this.#rejectAll(`the storage worker ended: ${reason}`);
  }

  #rejectAll(message: string): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error(message));
    }
    this.#waiting.clear();
  }
}

function errorOf({ message, fields }: { message: string; fields: Record<string, string> | null }): Error {
  return fields === null ? new Error(message) : new InputError(message, fields);
}

/** In the executable this module stands in its root, and the worker, an entry point of its own, in its folder below. */
function workerUrl(): string {
  const isSource = import.meta.dir.endsWith("storage");
  return new URL(isSource ? "./reader-worker.ts" : "./src/storage/reader-worker.ts", import.meta.url).href;
}
