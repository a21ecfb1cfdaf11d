import type { Clock } from "../../src/clock.ts";
import type { PoolOperations, UpstreamOperations } from "../../src/operations/types.ts";
import { InputError, NotFoundError } from "../../src/types.ts";
import { presetFor, presets } from "../../src/upstream/presets.ts";
import type { FakeInstallation } from "./fake-operations.ts";

const unused = () => Promise.reject(new Error("not part of the fake"));
const MODELS = 214;

/** Pools of the invented installation. */
export function fakePools({ pools }: Pick<FakeInstallation, "pools">, clock: Clock): PoolOperations {
  const find = (id: string) => {
    const found = pools.find((pool) => pool.id === id);
    if (found === undefined) throw new NotFoundError("There is no such pool.");
    return found;
  };
  return {
    list: async () => pools,
    get: async (id) => find(id),
    async add({ name, ...given }) {
      if (name === "") throw new InputError("Check name.", { name: "give a name without /" });
      const blank = { description: "", color: "#6366f1", icon: "", strategy: null };
      const pool = { id: clock.id(), name, ...blank, ...given, createdAt: clock.now() };
      pools.push(pool);
      return pool;
    },
    edit: async (id, patch) => Object.assign(find(id), patch),
    async remove(id) {
      pools.splice(pools.indexOf(find(id)), 1);
    },
    explain: unused,
  };
}

/** Upstreams of the invented installation; a test answers well, and lists are long. */
export function fakeUpstreams({ upstreams }: Pick<FakeInstallation, "upstreams">): UpstreamOperations {
  const find = (id: string) => {
    const found = upstreams.find((upstream) => upstream.id === id);
    if (found === undefined) throw new NotFoundError("There is no such upstream.");
    return found;
  };
  return {
    list: async () => upstreams,
    get: async (id) => find(id),
    presets: () => [...presets],
    presetFor,
    add: unused,
    edit: async (id, patch) => Object.assign(find(id), patch),
    remove: unused,
    test: async () => ({
      outcome: "ok",
      status: 200,
      latencyMs: 286,
      message: "The key works: answered in 286 ms.",
      keyName: "gem-prod-01",
      models: MODELS,
    }),
    models: (id) => (find(id).isDefault ? Array.from({ length: MODELS }, (_, at) => `model-${at}`) : null),
    moveKeys: unused,
  };
}
