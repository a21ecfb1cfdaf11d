import type { HeaderList } from "./types.ts";

export interface SocketRequest {
  /** Absolute http(s) URL, as for any request. */
  url: string;
  /** Without those of the handshake itself. */
  headers: HeaderList;
  /** Sub-protocols that are offered, in order. */
  protocols: readonly string[];
}

export interface SocketOptions {
  connectTimeoutMs: number;
  /** From the request to the answer's head. */
  firstByteTimeoutMs: number;
  /** Without any byte, a ping's answer included, the host counts as gone. */
  idleTimeoutMs: number;
}

/** Receives what the host sends; `onClosed` exactly once, last. */
export interface SocketSink {
  onMessage(data: string | Uint8Array): void;
  /** `code` 1005: none was given; 1006: the connection broke off, `reason` says how. */
  onClosed(code: number, reason: string): void;
}

export interface UpstreamSocket {
  /** What the host chose of the sub-protocols; null: none. */
  readonly protocol: string | null;
  /** Bytes that wait to be written. */
  readonly bufferedBytes: number;
  /** Starts the flow into `sink`; until then what comes waits in the socket. */
  read(sink: SocketSink): void;
  send(data: string | Uint8Array): void;
  pause(): void;
  resume(): void;
  /** Says goodbye; the host has a moment to answer. */
  close(code: number, reason: string): void;
  /** Breaks off; the sink hears nothing more. */
  abort(): void;
}

/** The host answered, but not with a WebSocket. */
export interface SocketRefusal {
  status: number;
  headers: HeaderList;
  /** At most 64 KiB of it. */
  body: Uint8Array;
}

export interface PendingSocket {
  /** Rejects with UpstreamFailure. */
  opening: Promise<{ socket: UpstreamSocket; refusal: null } | { socket: null; refusal: SocketRefusal }>;
  abort(): void;
}

export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
