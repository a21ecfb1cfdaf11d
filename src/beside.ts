import { join } from "node:path";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import { examine, type Finding } from "./operations/doctor.ts";
import { resetPassword } from "./operations/password-reset.ts";
import { KeyPool } from "./pool/pool.ts";
import { probeKey } from "./proxy/probe.ts";
import { checkSecretKey, loadSecretKey } from "./secrets.ts";
import { createSettings } from "./settings.ts";
import { openStorageBeside } from "./storage/beside.ts";
import { tryLockDataFolder } from "./storage/folder-lock.ts";
import { checkBaseUrl } from "./upstream/address-guard.ts";
import { createUpstreamClient } from "./upstream/client.ts";
import { reach } from "./upstream/reach.ts";

const DATABASE_FILE = "load-balancer.db";

/** Sets another admin password, which a running server goes by at once. @throws StartError, InputError */
export async function resetPasswordBeside(config: Config, given: string | undefined, clock: Clock) {
  const storage = openStorageBeside(join(config.dataDir, DATABASE_FILE), "write");
  try {
    const secretBox = loadSecretKey(config.dataDir, config.encryptionKey, true);
    await checkSecretKey(secretBox, storage.facts);
    const password = await resetPassword({ storage, secretBox, clock }, given);
    return { password, isServing: isServing(config.dataDir) };
  } finally {
    storage.close();
  }
}

/** Looks at everything and changes nothing. */
export function examineBeside(config: Config, clock: Clock): AsyncGenerator<Finding> {
  const client = createUpstreamClient({ clock });
  return examine({
    dataDir: config.dataDir,
    databasePath: join(config.dataDir, DATABASE_FILE),
    isServing: () => isServing(config.dataDir),
    openStorage: (path) => openStorageBeside(path, "read"),
    secretBox: () => loadSecretKey(config.dataDir, config.encryptionKey, true),
    settings: (stored) => createSettings(stored, checkBaseUrl),
    reach: (upstream, timeoutMs) => reach(client, upstream.baseUrl, timeoutMs),
    probe(key, secret, upstream, settings) {
      const pool = new KeyPool({ clock, settings: () => settings, events: NOBODY });
      pool.put(key, secret);
      return probeKey({ clock, settings: () => settings, pool, client, upstream: () => upstream }, key.id);
    },
    close: () => client.close(),
  });
}

/** What a test finds out is for the report alone. */
const NOBODY = {
  stateChanged() {},
  removed() {},
  rotated() {},
  cooled() {},
  conditionChanged() {},
};

function isServing(dataDir: string): boolean {
  const lock = tryLockDataFolder(dataDir);
  lock?.release();
  return lock === null;
}
