/** Every bound of the way out, in one table; `createUpstreamClient({ limits })` may override single ones. */
export interface UpstreamLimits {
  /** Connections of this client at once, opening ones included; beyond it `send` fails clearly. */
  connections: number;
  /** Idle connections kept for one origin. */
  idlePerOrigin: number;
  /** Origins remembered; beyond it those without idle connections are forgotten. */
  origins: number;
  /** An idle connection is closed after this. A shorter `keep-alive: timeout=` of the host wins. */
  idleMs: number;
  /** A connection older than this serves no further request, so that changed addresses are noticed. */
  ageMs: number;
  /** A reused connection that dies later than this after the request is not taken for one that was dead. */
  reuseDeathMs: number;
  /** Resolution of all timeouts. */
  tickMs: number;
  /** How long a resolved name is believed, and how many names are. */
  namesMs: number;
  names: number;
  /** Addresses of one name that are tried, and the time of each but the last one. */
  addresses: number;
  addressMs: number;
  /** A body up to this length leaves in one write with its head. */
  oneWriteBytes: number;
  /** Bytes of a body that wait for `read` or `resume` before the socket is paused. */
  heldBytes: number;
  /** One head (status line and header lines), its lines, and the 1xx heads before it. */
  headBytes: number;
  headerLines: number;
  interimHeads: number;
  /** A chunk's size line with its extensions; all trailer lines together. */
  chunkLineBytes: number;
  trailerBytes: number;
}

export const DEFAULT_LIMITS: UpstreamLimits = {
  connections: 10_000,
  idlePerOrigin: 1_024,
  origins: 1_000,
  idleMs: 30_000,
  ageMs: 600_000,
  reuseDeathMs: 2_000,
  tickMs: 100,
  namesMs: 10_000,
  names: 256,
  addresses: 8,
  addressMs: 2_000,
  oneWriteBytes: 65_536,
  heldBytes: 65_536,
  headBytes: 65_536,
  headerLines: 256,
  interimHeads: 16,
  chunkLineBytes: 4_096,
  trailerBytes: 16_384,
};
