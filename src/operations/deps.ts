import type { Clock } from "../clock.ts";
import type { PoolControl } from "../pool/types.ts";
import type { SecretBox } from "../secrets.ts";
import type { LiveSettings } from "../settings.ts";
import type { Storage } from "../storage/types.ts";
import type { Key, KeyState, Pool, Upstream, UpstreamHealth } from "../types.ts";
import type { Inventory } from "./inventory.ts";
import type { RunChange } from "./one-at-a-time.ts";
import type { KeyTestResult } from "./types.ts";

/** What loading needs of the pool beside. */
interface RestorablePool extends PoolControl {
  /** Takes in a key with what is known of it from before a restart. */
  restore(key: Key, secret: string, state: KeyState): void;
  restoreRotation(name: string, keyId: string, used: number): void;
}

/** What operations stand on; the functions come from the composition root. */
export interface OperationsDeps {
  storage: Storage;
  pool: RestorablePool;
  settings: LiveSettings;
  secretBox: SecretBox;
  clock: Clock;
  upstreamHealth(id: string): UpstreamHealth;
  /** One cheap real call with this key; its outcome has been told to the pool when it settles. */
  probe(keyId: string): Promise<KeyTestResult>;
  /** The address guard: why keys may not be sent to this URL, null where they may. */
  checkBaseUrl(url: string): string | null;
  /** Called after each change, and once after loading. */
  upstreamsChanged(list: Upstream[]): void;
  poolsChanged(list: Pool[]): void;
}

/** What each noun's operations share beside that. */
export interface OperationsParts extends OperationsDeps {
  inventory: Inventory;
  change: RunChange;
}
