import { maskSecret, type SecretBox } from "../../secrets.ts";
import { parseSettingsPatch, type Settings, sameValue, settingRows } from "../../settings.ts";
import type { Rotation, StoredKey } from "../../storage/types.ts";
import { InputError, type Key, type KeyState, type Pool, type Upstream } from "../../types.ts";
import type { OperationsParts } from "../deps.ts";
import { tooManyKeys } from "../key-import.ts";
import { KEY_LIMITS, readKeyFields } from "../key-input.ts";
import type { TransferReport } from "../types.ts";
import { openText } from "./passphrase.ts";

/** The configuration in a file, each row with its number; checked against the schema. */
export interface FileConfig {
  settings: Record<string, unknown>;
  upstreams: { row: number; item: Upstream }[];
  pools: { row: number; item: Pool }[];
  keys: { row: number; item: Key & { secret?: string; state: Omit<KeyState, "keyId"> | null } }[];
  rotations: Rotation[];
  /** What opens sealed secrets; null where they are in clear. */
  box: SecretBox | null;
}

/** What an import is going to do; nothing is done yet. */
export interface ImportPlan {
  removedUpstreams: string[];
  upstreams: Upstream[];
  pools: Pool[];
  keys: { stored: StoredKey; secret: string; state: KeyState | null }[];
  settings: Partial<Settings>;
  rotations: Rotation[];
  /** Ids here by those in the file, where they differ. */
  ids: Map<string, string>;
  skipped: TransferReport["skipped"];
  problems: Record<string, string>;
}

/**
 * An empty installation becomes what the file says; to any other an import only adds: what is there already stays and
 * is told of.
 */
export function planImport(parts: OperationsParts, file: FileConfig): ImportPlan {
  const { inventory } = parts;
  const isEmpty = inventory.keyCount() === 0 && inventory.pools.size === 0;
  const plan: ImportPlan = {
    removedUpstreams: [],
    upstreams: [],
    pools: [],
    keys: [],
    settings: {},
    rotations: [],
    ids: new Map(),
    skipped: [],
    problems: {},
  };
  const seen = new Set<string>();
  for (const list of ["upstreams", "pools", "keys"] as const) {
    for (const { row, item } of file[list]) {
      if (seen.has(`${list} ${item.id}`)) plan.problems[`${list}, row ${row}`] = "its id occurs twice";
      seen.add(`${list} ${item.id}`);
    }
  }
  planUpstreams(parts, file, plan, isEmpty);
  planPools(parts, file, plan);
  planKeys(parts, file, plan);
  planSettings(parts, file, plan, isEmpty);
  if (inventory.keyCount() + plan.keys.length > KEY_LIMITS.maxKeys) throw tooManyKeys();
  const kept = new Set(plan.keys.map(({ stored }) => stored.id));
  plan.rotations = file.rotations.filter(({ keyId }) => kept.has(keyId));
  return plan;
}

function planUpstreams(
  { inventory, checkBaseUrl }: OperationsParts,
  file: FileConfig,
  plan: ImportPlan,
  isEmpty: boolean,
) {
  const here = isEmpty && file.upstreams.length > 0 ? [] : [...inventory.upstreams.values()];
  if (here.length === 0) plan.removedUpstreams = [...inventory.upstreams.keys()];
  const names = new Set(here.map(({ name }) => name.toLowerCase()));
  const isFirst = here.length === 0;
  const standard = file.upstreams.find(({ item }) => item.isDefault) ?? file.upstreams[0];
  for (const { row, item } of file.upstreams) {
    const refusal = URL.canParse(item.baseUrl) ? checkBaseUrl(item.baseUrl) : "give an http(s) address";
    if (refusal !== null) plan.problems[`upstreams, row ${row}`] = `base_url: ${refusal}`;
    const same =
      here.find(({ id }) => id === item.id) ??
      here.find((one) => one.baseUrl === item.baseUrl && one.authStyle === item.authStyle);
    if (same !== undefined) {
      plan.ids.set(item.id, same.id);
      plan.skipped.push({ place: `upstreams, row ${row}`, reason: `it is here already as ${same.name}` });
      continue;
    }
    plan.upstreams.push({
      ...item,
      name: freeName(item.name, names),
      isDefault: isFirst && item.id === standard?.item.id,
    });
  }
}

function planPools({ inventory }: OperationsParts, file: FileConfig, plan: ImportPlan) {
  const here = [...inventory.pools.values()];
  const names = new Set(here.map(({ name }) => name.toLowerCase()));
  for (const { row, item } of file.pools) {
    const same =
      here.find(({ id }) => id === item.id) ??
      here.find(({ name }) => name.toLowerCase() === item.name.toLowerCase());
    if (same === undefined) plan.pools.push({ ...item, name: freeName(item.name, names) });
    else {
      plan.ids.set(item.id, same.id);
      plan.skipped.push({ place: `pools, row ${row}`, reason: `it is here already as ${same.name}` });
    }
  }
}

function planKeys(
  { inventory, pool, secretBox, clock }: OperationsParts,
  file: FileConfig,
  plan: ImportPlan,
) {
  const upstreams = new Set(file.upstreams.map(({ item }) => item.id));
  const pools = new Set(file.pools.map(({ item }) => item.id));
  const taken = new Map<string, { row: number; id: string }>();
  for (const { row, item } of file.keys) {
    const place = `keys, row ${row}`;
    const { secret: shown, state, ...key } = item;
    const secret = shown === undefined || file.box === null ? shown : openText(file.box, shown);
    if (secret === undefined) {
      plan.skipped.push({ place, reason: "its secret is not in the file: export it with the secrets" });
      continue;
    }
    const problem = problemOf(key, secret, upstreams, pools);
    if (problem !== null || secret === null) {
      plan.problems[place] = problem ?? "secret: it was not sealed under this passphrase";
      continue;
    }
    const upstreamId = plan.ids.get(key.upstreamId) ?? key.upstreamId;
    const fingerprint = secretBox.fingerprint(secret);
    const holder = inventory.holderOf(upstreamId, fingerprint);
    const earlier = taken.get(`${upstreamId} ${fingerprint}`);
    if (holder !== null) {
      plan.ids.set(key.id, holder);
      plan.skipped.push({
        place,
        reason: `it is here already as ${pool.view(holder)?.name ?? "another key"}`,
      });
    } else if (earlier !== undefined) {
      plan.ids.set(key.id, earlier.id);
      plan.skipped.push({ place, reason: `the same key stands in row ${earlier.row}` });
    } else {
      const id = pool.view(key.id) === null ? key.id : clock.id();
      taken.set(`${upstreamId} ${fingerprint}`, { row, id });
      if (id !== key.id) plan.ids.set(key.id, id);
      const poolId = key.poolId === null ? null : (plan.ids.get(key.poolId) ?? key.poolId);
      const sealedSecret = secretBox.seal(secret);
      const stored = {
        ...key,
        id,
        upstreamId,
        poolId,
        maskedSecret: maskSecret(secret),
        sealedSecret,
        fingerprint,
      };
      plan.keys.push({ stored, secret, state: state === null ? null : { ...state, keyId: id } });
    }
  }
}

function problemOf(
  key: Key,
  secret: string | null,
  upstreams: Set<string>,
  pools: Set<string>,
): string | null {
  if (!upstreams.has(key.upstreamId)) return "upstream_id: there is no such upstream in the file";
  if (key.poolId !== null && !pools.has(key.poolId)) return "pool_id: there is no such pool in the file";
  const { problems } = readKeyFields({ ...key, secret: secret ?? undefined });
  const [first] = Object.entries(problems);
  return first === undefined ? null : `${first[0]}: ${first[1]}`;
}

function planSettings(
  { settings, checkBaseUrl }: OperationsParts,
  file: FileConfig,
  plan: ImportPlan,
  isEmpty: boolean,
) {
  const { box } = file;
  const given = Object.fromEntries(
    Object.entries(file.settings).map(([name, value]) => {
      const isSecret = settingRows.some((row) => row.name === name && row.type.isSecret === true);
      return [name, isSecret && box !== null ? openText(box, String(value)) : value];
    }),
  );
  try {
    const values = parseSettingsPatch(given, checkBaseUrl);
    for (const { name, property, default: atDefault } of settingRows) {
      const value = values[property];
      if (value === undefined || name === "api_endpoint") continue;
      if (isEmpty || sameValue(settings.current[property], atDefault))
        Object.assign(plan.settings, { [property]: value });
      else plan.skipped.push({ place: `settings, ${name}`, reason: "it is set here already" });
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    for (const [name, problem] of Object.entries(error.fields)) plan.problems[`settings, ${name}`] = problem;
  }
  const standard = plan.upstreams.find(({ isDefault }) => isDefault);
  if (standard !== undefined) Object.assign(plan.settings, { apiEndpoint: standard.baseUrl });
}

function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${name} ${number}`;
  taken.add(free.toLowerCase());
  return free;
}
