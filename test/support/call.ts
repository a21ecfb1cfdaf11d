import { ByteRecord } from "./byte-record.ts";
import type { RequestHead } from "./request-reader.ts";
import type { Wire } from "./wire.ts";

/** Plays what one call gets back. Returning with the wire open keeps the connection alive for the next request. */
export interface Answer {
  play(wire: Wire, call: Call): Promise<void> | void;
  /** Begin when the head has come, without waiting for the request's body. */
  early?: boolean;
}

/**
 * What a key does: one answer for every call, several used in turn (and again from the first), or a function of the
 * call. `call.n` counts the calls of this key since its script was set.
 */
export type Script = Answer | Script[] | ((call: Call) => Script | Promise<Script>);

/** The answer of a script for this call; a promise only where a function of the script gave one. */
export function resolveScript(script: Script, call: Call): Answer | Promise<Answer> {
  if (Array.isArray(script)) {
    if (script.length === 0) throw new Error("a script without answers");
    return resolveScript(script[(call.n - 1) % script.length]!, call);
  }
  if (typeof script !== "function") return script;
  const next = script(call);
  return next instanceof Promise ? next.then((it) => resolveScript(it, call)) : resolveScript(next, call);
}

export interface StatedUsage {
  inputTokens: number;
  outputTokens: number;
}

/** One request as it reached the fake upstream, and what became of it. Times are monotonic (`performance.now()`). */
export class Call {
  /** From 1: the n-th call of this key since its script was set. */
  n = 0;
  readonly method: string;
  /** As on the wire, with its query. */
  readonly target: string;
  readonly path: string;
  /** As on the wire: case, order and repetitions kept. */
  readonly headers: [name: string, value: string][];
  /** The key that was shown, in whichever header; null where there was none. */
  readonly secret: string | null;
  readonly body = new ByteRecord();
  /** When the head had come. */
  readonly startedAt = performance.now();
  /** When the request's last byte had come. */
  bodyAt: number | null = null;
  /** When the answer's last byte was given, or the connection was gone. */
  endedAt: number | null = null;
  /** The client left before the whole answer was given. */
  aborted = false;
  /** Of the answer; null where no status line was given. */
  status: number | null = null;
  /** The answer's body as given: without chunk framing, with its content-encoding. */
  readonly sentBody = new ByteRecord();
  /** Tokens that the answer stated. */
  usage: StatedUsage | null = null;
  readonly #ended = Promise.withResolvers<void>();
  #json: unknown;

  constructor(
    head: RequestHead,
    /** Among all calls, from 0; the answer names it as `x-fake-call`. */
    readonly index: number,
    /** Which connection, from 0. */
    readonly connection: number,
    /** From 1: the n-th call on this connection. */
    readonly connectionUse: number,
  ) {
    this.method = head.method;
    this.target = head.target;
    this.path = head.target.split("?", 1)[0]!;
    this.headers = head.headers;
    this.secret = shownSecret(this);
  }

  /** The first of that name, whatever its case. */
  header(name: string): string | null {
    return this.headers.find(([its]) => its.toLowerCase() === name.toLowerCase())?.[1] ?? null;
  }

  /** The request's body as JSON; an empty object where it isn't one (or is above 1 MiB). */
  get json(): Record<string, unknown> {
    this.#json ??= this.body.json() ?? {};
    return this.#json as Record<string, unknown>;
  }

  /** Resolves when the answer was given or the connection is gone. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** For the server. */
  end(aborted: boolean): void {
    if (this.endedAt !== null) return;
    this.endedAt = performance.now();
    this.aborted = aborted;
    this.#ended.resolve();
  }
}

function shownSecret(call: Call): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(call.header("authorization") ?? "");
  return bearer?.[1] ?? call.header("x-api-key") ?? call.header("api-key") ?? call.header("x-goog-api-key");
}
