import type { Socket, TCPSocketListener } from "bun";
import type { Script } from "./call.ts";
import { Call } from "./call.ts";
import { FakeConnection } from "./fake-connection.ts";
import { ok } from "./openai-answers.ts";
import { unauthorized } from "./openai-errors.ts";
import type { RequestHead } from "./request-reader.ts";

export interface FakeUpstreamOptions {
  /** What each key does; a list: healthy ones. Without any, every key is taken and answered in a healthy way. */
  keys?: Record<string, Script> | string[];
  /** For keys that are not named (default: 401) and for requests without a key. */
  fallback?: Script;
  /** Serve TLS. */
  tls?: { cert: string; key: string };
}

const HOST = "127.0.0.1";
const UNTIL_CALLS_MS = 20_000;

/**
 * A fake OpenAI-compatible provider: a real server on a loopback port, on raw sockets, so that every byte and every
 * break of a connection is the test's own. What it says is scripted by key, see `Script`, `ok`, `status`, `chatStream`,
 * `reset` and the others in the modules beside this one.
 */
export function startFakeUpstream(options: FakeUpstreamOptions = {}): FakeUpstream {
  const upstream = new FakeUpstream(options);
  upstream.up();
  return upstream;
}

export class FakeUpstream {
  /** Every call since the start, in order. A long test may empty it (`calls.length = 0`). */
  readonly calls: Call[] = [];
  /** What must not happen: bytes that are no clean HTTP/1.1, a script that throws. Tests expect it to be empty. */
  readonly faults: string[] = [];
  port = 0;
  connectionsMade = 0;
  #callCount = 0;
  readonly #scripts: Map<string, Script>;
  readonly #counts = new Map<string | null, number>();
  readonly #connections = new Set<FakeConnection>();
  /** Who waits for which count of calls. */
  readonly #waiting = new Map<number, (() => void)[]>();
  readonly #fallback: Script;
  #override: Script | null = null;
  #listener: TCPSocketListener<FakeConnection> | null = null;

  constructor(private readonly options: FakeUpstreamOptions) {
    const { keys = {}, fallback } = options;
    const entries = Array.isArray(keys)
      ? keys.map((secret): [string, Script] => [secret, ok()])
      : Object.entries(keys);
    this.#scripts = new Map(entries);
    this.#fallback = fallback ?? (options.keys === undefined ? ok() : unauthorized());
  }

  /** The base URL as an OpenAI client takes it. */
  get url(): string {
    return `${this.options.tls === undefined ? "http" : "https"}://${HOST}:${this.port}/v1`;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  callsOf(secret: string): Call[] {
    return this.calls.filter((call) => call.secret === secret);
  }

  /** From the next call on; its `n` begins at 1 again. */
  script(secret: string, script: Script): void {
    this.#scripts.set(secret, script);
    this.#counts.delete(secret);
  }

  /** For all keys, known or not: trouble of the host. Null ends it. */
  override(script: Script | null): void {
    this.#override = script;
  }

  /** Resolves when that many calls have begun since the start; rejects after 20 s. */
  untilCalls(count: number): Promise<void> {
    if (this.#callCount >= count) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const tooLate = () => reject(new Error(`${this.#callCount} of ${count} calls came`));
    const timer = setTimeout(tooLate, UNTIL_CALLS_MS);
    const reached = () => {
      clearTimeout(timer);
      resolve();
    };
    this.#waiting.set(count, [...(this.#waiting.get(count) ?? []), reached]);
    return promise;
  }

  /** Ends the connections on which no request runs, as a provider does with idle ones. */
  dropIdle(by: "fin" | "reset" = "fin"): void {
    for (const connection of this.#connections) if (connection.idle) connection.drop(by);
  }

  /** The host is gone: connections break off, new ones are refused. `up()` brings it back on the same port. */
  down(): void {
    for (const connection of this.#connections) connection.drop("reset");
    this.#listener?.stop(true);
    this.#listener = null;
  }

  up(): void {
    this.#listener = Bun.listen<FakeConnection>({
      hostname: HOST,
      port: this.port,
      ...(this.options.tls === undefined ? {} : { tls: this.options.tls }),
      socket: {
        open: (socket) => this.#open(socket),
        data: (socket, data) => socket.data.received(data),
        drain: (socket) => socket.data.drained(),
        close: (socket) => this.#close(socket.data),
        error: () => {},
      },
    });
    this.port = this.#listener.port;
  }

  close(): void {
    this.down();
  }

  [Symbol.dispose](): void {
    this.down();
  }

  #open(socket: Socket<FakeConnection>): void {
    const connection = new FakeConnection(socket, this.connectionsMade, {
      begin: (head, index, use) => this.#begin(head, index, use),
      fault: (message) => this.faults.push(message),
    });
    socket.data = connection;
    this.connectionsMade += 1;
    this.#connections.add(connection);
  }

  #close(connection: FakeConnection): void {
    this.#connections.delete(connection);
    connection.closed();
  }

  #begin(head: RequestHead, connection: number, connectionUse: number): { call: Call; script: Script } {
    const call = new Call(head, this.#callCount, connection, connectionUse);
    this.#callCount += 1;
    call.n = (this.#counts.get(call.secret) ?? 0) + 1;
    this.#counts.set(call.secret, call.n);
    this.calls.push(call);
    for (const reached of this.#waiting.get(this.#callCount) ?? []) reached();
    this.#waiting.delete(this.#callCount);
    const known = call.secret === null ? undefined : this.#scripts.get(call.secret);
    return { call, script: this.#override ?? known ?? this.#fallback };
  }
}
