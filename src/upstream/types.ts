/** The narrow interface behind which every outgoing connection stands; one client can replace another. */

/** Header names in lower case, in the order that they came in; repeated names are kept apart. */
export type HeaderList = [name: string, value: string][];

export interface UpstreamRequest {
  method: string;
  /** Absolute http(s) URL without credentials. */
  url: string;
  /** Without host, content-length, transfer-encoding, connection: the client writes those. */
  headers: HeaderList;
  body: Uint8Array | BodySource | null;
}

/** A body that is made while it is sent, read at the pace of the host. Its request is never repeated by the client. */
export interface BodySource {
  /** Bytes in all; null where nobody knows yet: it is sent in chunks. */
  readonly length: number | null;
  /**
   * The next piece, null at the end; where it rejects, the request is broken off. It is called when the piece before
   * was sent: until then that must not change.
   */
  read(): Promise<Uint8Array | null>;
}

export function isSource(body: UpstreamRequest["body"]): body is BodySource {
  return body !== null && !(body instanceof Uint8Array);
}

export interface SendOptions {
  /** Name, connection and TLS, in ms. */
  connectTimeoutMs: number;
  /** From the request's last byte to the head of the answer, in ms. */
  firstByteTimeoutMs: number;
  /** Between two chunks of the body, in ms; does not run while the reader pauses. */
  idleTimeoutMs: number;
  /**
   * The request creates something: it has a connection of its own and is never sent a second time.
   * Otherwise a kept connection that turns out to be dead, without a byte of an answer, is replaced by a
   * fresh one once, unseen by the caller.
   */
  once?: boolean;
}

export type FailureKind =
  /** Name, connection or TLS failed. Nothing was sent, unless `sent` says that a dead kept connection came before. */
  | "connect_failed"
  /** The connect timeout passed. `sent` as above. */
  | "connect_timeout"
  /** No head within the first-byte timeout. */
  | "first_byte_timeout"
  /** No byte of the body within the idle timeout. */
  | "idle_timeout"
  /** Reset or closed before the answer was whole. */
  | "connection_lost"
  /** Not HTTP/1.1, or a length beyond its limit; with `sent` false: the request could not be written as it is. */
  | "protocol_error"
  /** `abort()` was called, by us or because our client left. */
  | "aborted"
  /** The address guard forbids this host, or what its name resolves to; or the URL is none that may be sent to. */
  | "forbidden_address";

export class UpstreamFailure extends Error {
  override readonly name = "UpstreamFailure";
  constructor(
    readonly kind: FailureKind,
    /** For people: "connection refused by 127.0.0.1:9". Never holds a secret. */
    message: string,
    /** Whether any byte of the request may have reached the host. */
    readonly sent: boolean,
  ) {
    super(message);
  }
}

/**
 * Receives the body; called synchronously as bytes arrive, exactly one of onEnd and onError last, nothing
 * while paused. Chunks are never written to again by the client: they may be kept without a copy.
 */
export interface BodySink {
  onData(chunk: Uint8Array): void;
  onEnd(): void;
  onError(failure: UpstreamFailure): void;
}

/** Must be read or aborted: a body that nobody takes keeps its connection. */
export interface UpstreamAnswer {
  status: number;
  headers: HeaderList;
  /** Bytes of body to come (0 for HEAD, 204, 304); null where it is chunked or ends with the connection. */
  contentLength: number | null;
  /** Starts the flow of the body into `sink`. Called at most once; until then the body waits (bounded). */
  read(sink: BodySink): void;
  /** Stops reading from the socket until `resume()`. */
  pause(): void;
  resume(): void;
  /** Closes the connection; the sink gets onError("aborted") unless the body had ended. Harmless afterwards. */
  abort(): void;
}

export interface PendingAnswer {
  /** Settles with the head of the answer, or rejects with UpstreamFailure. */
  answer: Promise<UpstreamAnswer>;
  /** Gives up before the head has come: `answer` rejects with kind "aborted". After it: as the answer's own `abort`. */
  abort(): void;
}

export interface UpstreamClient {
  send(request: UpstreamRequest, options: SendOptions): PendingAnswer;
  /** Closes idle connections; those in use end with their answers. */
  close(): void;
}
