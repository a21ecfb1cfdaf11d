import { type Settings, toStored } from "../settings.ts";
import type { AuthStyle, KeyEvent, Upstream } from "../types.ts";
import { presetFor } from "../upstream/presets.ts";
import type { OperationsParts } from "./deps.ts";
import type { KeyStore } from "./key-store.ts";
import { sealSettings } from "./secret-settings.ts";

/**
 * Every write of upstreams: into storage first, then into memory. Called one at a time (`one-at-a-time.ts`).
 * The setting `api_endpoint` is the default upstream's base URL; both are written in one transaction.
 */
export interface UpstreamStore {
  insert(upstream: Upstream, event: KeyEvent | null): Promise<void>;
  /**
   * Replaces it, together with `settings`; makes it the default where it says so. A changed base URL clears the
   * status of its keys: what was learnt of them came from another host.
   */
  save(upstream: Upstream, settings: Partial<Settings>, event: KeyEvent | null): Promise<void>;
  remove(id: string, event: KeyEvent): Promise<void>;
}

export function createUpstreamStore(parts: OperationsParts, keys: KeyStore): UpstreamStore {
  const { storage, pool, inventory, settings, secretBox } = parts;
  const tell = () => parts.upstreamsChanged([...inventory.upstreams.values()]);

  async function save(upstream: Upstream, patch: Partial<Settings>, event: KeyEvent | null): Promise<void> {
    const before = inventory.upstreams.get(upstream.id);
    const values = upstream.isDefault ? { ...patch, apiEndpoint: upstream.baseUrl } : patch;
    await storage.settings.write(sealSettings(toStored(values), secretBox), event, upstream);

    for (const other of inventory.upstreams.values()) {
      if (upstream.isDefault && other.isDefault)
        inventory.upstreams.set(other.id, { ...other, isDefault: false });
    }
    inventory.upstreams.set(upstream.id, upstream);
    const next = { ...settings.current, ...values };
    if (!Bun.deepEquals(next, settings.current)) settings.replace(next);
    tell();
    if (before === undefined || before.baseUrl === upstream.baseUrl) return;
    const touched = pool.glances().filter(({ key }) => key.upstreamId === upstream.id);
    if (touched.length > 0) await keys.clear(keys.findAll(touched.map(({ id }) => id)), []);
  }

  return {
    save,
    async insert(upstream, event) {
      // As the default in a second step, which also takes the place from the other and sets `api_endpoint`.
      const first = { ...upstream, isDefault: false };
      await storage.upstreams.insert(first);
      inventory.upstreams.set(first.id, first);
      await save(upstream, {}, event);
    },
    async remove(id, event) {
      await storage.upstreams.delete(id);
      inventory.upstreams.delete(id);
      tell();
      await storage.keyEvents.insert(event);
    },
  };
}

/** What an upstream is called where nobody named it, and how it takes its key. */
export function identityOf(baseUrl: string): { name: string; authStyle: AuthStyle } {
  const preset = presetFor(baseUrl);
  return { name: preset?.name ?? new URL(baseUrl).host, authStyle: preset?.authStyle ?? "bearer" };
}

/** The upstream at another address: one that nobody named takes the name that goes with it. */
export function movedTo(upstream: Upstream, baseUrl: string, isTaken: (name: string) => boolean): Upstream {
  const [old, next] = [identityOf(upstream.baseUrl), identityOf(baseUrl)];
  const name = upstream.name === old.name && !isTaken(next.name) ? next.name : upstream.name;
  const authStyle = upstream.authStyle === old.authStyle ? next.authStyle : upstream.authStyle;
  return { ...upstream, baseUrl, name, authStyle };
}
