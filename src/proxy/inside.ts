import type { Clock } from "../clock.ts";
import type { RequestRecord } from "../types.ts";
import { ProxyError } from "./errors.ts";
import type { Forward } from "./forward.ts";
import { type BodyLimits, readRequest } from "./request.ts";
import type { ProxyRouteDeps } from "./routes.ts";

/** A chat request that this program's own playground makes. */
export interface InsideCall {
  /** The JSON body, as a client would send it. */
  body: string;
  /** Null: the keys of all pools. */
  poolId: string | null;
  /** The only key that may serve it; null: whichever is chosen. */
  keyId: string | null;
  /** Of the person that asks. */
  clientAddress: string;
  /** Aborted: nobody waits any more. A body that flows already is to be cancelled by its reader. */
  signal: AbortSignal;
}

export interface InsideAnswer {
  /** Of the request log. */
  id: string;
  response: Response;
  /** What the log gets, once the answer is over. */
  record: Promise<RequestRecord>;
}

export interface InsideDeps extends Pick<ProxyRouteDeps, "beginTrace"> {
  clock: Clock;
  forward: Forward;
  bodyLimits(): BodyLimits;
  isDraining(): boolean;
  began(): void;
  refused(): void;
}

const PATH = "/chat/completions";
const USER_AGENT = "Load Balancer playground";

/**
 * Requests that come from inside go the way of every other one: chosen keys, failover, one record. Only the client's
 * own credential is not asked for, since the person has logged in.
 */
export class InsideCalls {
  #waiting = new Map<string, (record: RequestRecord) => void>();

  constructor(private readonly deps: InsideDeps) {}

  /** To be told of each record. */
  ended(record: RequestRecord): void {
    if (this.#waiting.size === 0) return;
    this.#waiting.get(record.id)?.(record);
    this.#waiting.delete(record.id);
  }

  /** @throws ProxyError where it is refused before it is a request. */
  async ask(call: InsideCall): Promise<InsideAnswer> {
    const { clock, forward } = this.deps;
    if (this.deps.isDraining()) throw new ProxyError("shutting_down", "The server is shutting down.");
    const id = clock.id();
    const { promise: record, resolve } = Promise.withResolvers<RequestRecord>();
    this.#waiting.set(id, resolve);
    let entered = false;
    try {
      this.deps.began();
      entered = true;
      const request = await readRequest(
        {
          id,
          request: requestOf(call),
          connection: { signal: call.signal, liftIdleLimit: () => {}, restoreIdleLimit: () => {} },
          path: PATH,
          search: "",
          poolId: call.poolId,
          pickedKeyId: call.keyId,
          clientAddress: call.clientAddress,
          at: clock.now(),
          startedAt: clock.monotonic(),
          trace: this.deps.beginTrace?.(null) ?? null,
        },
        this.deps.bodyLimits(),
      );
      entered = false;
      return { id, response: await forward(request), record };
    } catch (error) {
      if (entered) this.deps.refused();
      this.#waiting.delete(id);
      throw error;
    }
  }
}

function requestOf({ body }: InsideCall): Request {
  return new Request(`http://inside${PATH}`, {
    method: "POST",
    // The answer is read here, so nothing is to be unpacked.
    headers: {
      "content-type": "application/json",
      "accept-encoding": "identity",
      "user-agent": USER_AGENT,
    },
    body,
  });
}
