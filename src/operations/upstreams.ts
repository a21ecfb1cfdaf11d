import { Problem, url } from "../setting-types.ts";
import { AUTH_STYLES, ConflictError, NotFoundError, type Upstream } from "../types.ts";
import { presetFor, presets } from "../upstream/presets.ts";
import type { OperationsParts } from "./deps.ts";
import { createEvent, describeChanges } from "./key-events.ts";
import type { KeyStore } from "./key-store.ts";
import { nameProblem, refuseTakenName } from "./naming.ts";
import { refuseProblems, refuseWithKeys } from "./references.ts";
import { refuseChanged, upstreamRevision } from "./revision.ts";
import type { UpstreamInput, UpstreamOperations } from "./types.ts";
import { createUpstreamKeys } from "./upstream-keys.ts";
import type { UpstreamStore } from "./upstream-store.ts";

export const UPSTREAM_LIMITS = { nameMaxChars: 100, maxUpstreams: 1_000 } as const;
const baseUrlType = url();

const TOLD_FIELDS = (
  [
    ["name", "name"],
    ["baseUrl", "base_url"],
    ["authStyle", "auth_style"],
    ["isDefault", "is_default"],
  ] as const
).map(([field, wireName]) => ({ field, wireName }));

export function createUpstreamOperations(
  parts: OperationsParts,
  store: UpstreamStore,
  keys: KeyStore,
): UpstreamOperations {
  const { inventory, clock, change } = parts;

  const find = (id: string): Upstream => {
    const upstream = inventory.upstreams.get(id);
    if (upstream === undefined) throw new NotFoundError("There is no such upstream.");
    return upstream;
  };
  const withHealth = (upstream: Upstream) => ({ ...upstream, health: parts.upstreamHealth(upstream.id) });

  function withInput(upstream: Upstream, input: Partial<UpstreamInput>): Upstream {
    const name = input.name?.trim() ?? upstream.name;
    const baseUrl =
      input.baseUrl === undefined ? upstream.baseUrl : baseUrlType.read(input.baseUrl, parts.checkBaseUrl);
    const authStyle = input.authStyle ?? upstream.authStyle;
    const problems: Record<string, string> = {};
    const wrongName = nameProblem(name, UPSTREAM_LIMITS.nameMaxChars);
    if (wrongName !== null) problems.name = wrongName;
    if (baseUrl instanceof Problem) problems.base_url = baseUrl.text;
    if (!AUTH_STYLES.includes(authStyle)) problems.auth_style = `give one of ${AUTH_STYLES.join(", ")}`;
    if (upstream.isDefault && input.isDefault === false) {
      problems.is_default = "make another upstream the default instead";
    }
    refuseProblems(problems);
    return {
      ...upstream,
      name,
      baseUrl: baseUrl instanceof Problem ? upstream.baseUrl : baseUrl,
      authStyle,
      isDefault: input.isDefault ?? upstream.isDefault,
    };
  }

  return {
    list: async () => [...inventory.upstreams.values()].map(withHealth),
    get: async (id) => withHealth(find(id)),
    presets: () => [...presets],
    presetFor,
    models: (id) => parts.listedModels(find(id).id),
    ...createUpstreamKeys(parts, keys, find),

    add: (input, actor) =>
      change(async () => {
        const blank: Upstream = {
          id: clock.id(),
          name: "",
          baseUrl: "",
          authStyle: "bearer",
          isDefault: false,
          createdAt: clock.now(),
        };
        const upstream = withInput(blank, { ...input, baseUrl: input.baseUrl ?? "" });
        refuseTakenName("an upstream", inventory.upstreams.values(), upstream);
        if (inventory.upstreams.size >= UPSTREAM_LIMITS.maxUpstreams) {
          throw new ConflictError(`There may be at most ${UPSTREAM_LIMITS.maxUpstreams} upstreams.`);
        }
        const detail = `upstream "${upstream.name}" added at ${upstream.baseUrl}`;
        await store.insert(upstream, createEvent(clock, actor, "settings_changed", detail));
        return upstream;
      }),

    edit: (id, patch, actor, seen) =>
      change(async () => {
        const before = find(id);
        refuseChanged(seen, upstreamRevision(before));
        const after = withInput(before, patch);
        refuseTakenName("an upstream", inventory.upstreams.values(), after);
        const detail = describeChanges(before, after, TOLD_FIELDS);
        if (detail === "") return before;
        const event = createEvent(clock, actor, "settings_changed", `upstream "${before.name}": ${detail}`);
        await store.save(after, {}, event);
        return after;
      }),

    remove: (id, actor, seen) =>
      change(async () => {
        const upstream = find(id);
        refuseChanged(seen, upstreamRevision(upstream));
        const held = parts.pool.glances().filter(({ key }) => key.upstreamId === id).length;
        if (upstream.isDefault) {
          throw new ConflictError(
            `"${upstream.name}" is the default upstream: make another one the default first.`,
          );
        }
        refuseWithKeys(`The upstream "${upstream.name}"`, held);
        const detail = `upstream "${upstream.name}" deleted`;
        await store.remove(id, createEvent(clock, actor, "settings_changed", detail));
      }),
  };
}
