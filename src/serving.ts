import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Installation } from "./installation.ts";
import type { Logger } from "./log.ts";
import type { Live } from "./record/types.ts";

/** What both planes are built on while the program serves. */
export interface Serving {
  config: Config;
  log: Logger;
  clock: Clock;
  installation: Installation;
  /** Running requests finish; new ones are refused. */
  isDraining(): boolean;
  /** The address of a client behind trusted proxies. */
  addressOf(connection: string, headers: Headers): string;
  isTrustedProxy(address: string): boolean;
  /** What pages and alerts tell of the present. */
  live: Live;
}

/** Slow heads, slow bodies and connections without a request are closed after this. */
export const IDLE_TIMEOUT_S = 30;
