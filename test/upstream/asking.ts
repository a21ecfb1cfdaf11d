import { systemClock } from "../../src/clock.ts";
import {
  createUpstreamClient,
  type SocketClient,
  type UpstreamClientOptions,
} from "../../src/upstream/client.ts";
import type {
  SendOptions,
  UpstreamAnswer,
  UpstreamFailure,
  UpstreamRequest,
} from "../../src/upstream/types.ts";

export const PATIENT: SendOptions = {
  connectTimeoutMs: 5_000,
  firstByteTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
};

/** A client whose timeouts are fine enough for tests. */
export function testClient(options: Partial<UpstreamClientOptions> = {}): SocketClient {
  return createUpstreamClient({ clock: systemClock, ...options, limits: { tickMs: 20, ...options.limits } });
}

export function get(url: string): UpstreamRequest {
  return { method: "GET", url, headers: [], body: null };
}

export function post(url: string, body: string | Uint8Array): UpstreamRequest {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  return { method: "POST", url, headers: [["content-type", "application/json"]], body: bytes };
}

export interface Whole {
  body: Buffer;
  failure: UpstreamFailure | null;
}

/** Reads a body to its end or failure. */
export function readAll(answer: UpstreamAnswer): Promise<Whole> {
  const chunks: Uint8Array[] = [];
  return new Promise((resolve) =>
    answer.read({
      onData: (chunk) => chunks.push(chunk),
      onEnd: () => resolve({ body: Buffer.concat(chunks), failure: null }),
      onError: (failure) => resolve({ body: Buffer.concat(chunks), failure }),
    }),
  );
}

/** Sends and reads all; a failure before the head rejects. */
export async function ask(
  client: SocketClient,
  request: UpstreamRequest,
  options: Partial<SendOptions> = {},
) {
  const answer = await client.send(request, { ...PATIENT, ...options }).answer;
  const { body, failure } = await readAll(answer);
  return {
    status: answer.status,
    headers: answer.headers,
    contentLength: answer.contentLength,
    body,
    failure,
  };
}

/** The failure that a call ends with; anything else is an error of the test. */
export async function failureOf(promise: Promise<unknown>): Promise<UpstreamFailure> {
  try {
    await promise;
  } catch (error) {
    return error as UpstreamFailure;
  }
  throw new Error("no failure");
}
