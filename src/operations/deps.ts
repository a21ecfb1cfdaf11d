import type { Clock } from "../clock.ts";
import type { Explanation } from "../pool/explain.ts";
import type { Ask, PoolControl } from "../pool/types.ts";
import type { SecretBox } from "../secrets.ts";
import type { LiveSettings } from "../settings.ts";
import type { Storage } from "../storage/types.ts";
import type { Key, KeyState, Pool, Upstream, UpstreamHealth } from "../types.ts";
import type { Inventory } from "./inventory.ts";
import type { LogTail } from "./log-tail.ts";
import type { RunChange } from "./one-at-a-time.ts";
import type { KeyTestResult } from "./types.ts";

/** What loading and explaining need of the pool beside. */
interface WholePool extends PoolControl {
  /** Takes in a key with what is known of it from before a restart. */
  restore(key: Key, secret: string, state: KeyState): void;
  restoreRotation(name: string, keyId: string, used: number): void;
  explain(ask: Ask, limit: number): Explanation;
}

/** What operations stand on; the functions come from the composition root. */
export interface OperationsDeps {
  storage: Storage;
  pool: WholePool;
  settings: LiveSettings;
  secretBox: SecretBox;
  clock: Clock;
  upstreamHealth(id: string): UpstreamHealth;
  /** One cheap real call with this key; its outcome has been told to the pool when it settles. */
  probe(keyId: string): Promise<KeyTestResult>;
  /** The same call to an upstream without any key; it counts nowhere. */
  probeUpstream(upstreamId: string): Promise<KeyTestResult>;
  /** What is known by now of the models that an upstream lists; null while nothing is. May ask for it behind. */
  listedModels(upstreamId: string): readonly string[] | null;
  /** How requests for a model are led: what serves it, and by which keys first. */
  guide(model: string): Pick<Ask, "model" | "rank" | "mayUse">;
  /** The address guard: why keys may not be sent to this URL, null where they may. */
  checkBaseUrl(url: string): string | null;
  /** The dashboard's figures begin anew. */
  forgetLive(): void;
  logTail: Pick<LogTail, "listen">;
  /** The dashboard's figures are read again from what is stored. */
  restoreLive(): Promise<void>;
  dataDir: string;
  /** The folder for archives of the log; made when it is needed. */
  archiveDir: string;
  /** Called after each change, and once after loading. */
  upstreamsChanged(list: Upstream[]): void;
  poolsChanged(list: Pool[]): void;
}

/** What each noun's operations share beside that. */
export interface OperationsParts extends OperationsDeps {
  inventory: Inventory;
  change: RunChange;
}
