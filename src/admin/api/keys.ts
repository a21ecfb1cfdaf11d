import { type Static, t } from "elysia";
import { KEY_LIMITS } from "../../operations/key-input.ts";
import { KEY_SORTS } from "../../operations/key-list.ts";
import { keyRevision } from "../../operations/revision.ts";
import type { BulkAction, BulkChange, KeyOperations, KeyPatch } from "../../operations/types.ts";
import { InputError, KEY_STATUSES, type KeyView } from "../../types.ts";
import { keyJson, pageJson } from "../present.ts";
import { PASSWORD_HEADER } from "./admin-password.ts";
import {
  countAnswer,
  exportAnswer,
  importAnswer,
  keyAnswer,
  pageOf,
  secretAnswer,
  testAnswer,
} from "./answers.ts";
import { createCheck, parseJson, shapeOf } from "./input.ts";
import { exportKeys } from "./key-export.ts";
import { Revised, type Route, route } from "./route.ts";
import { body, keyFields, listFields, oneOf, secretField, sortField } from "./schemas.ts";

/** The API's names of what a key is given. */
interface KeyBody {
  secret?: string;
  name?: string;
  pool_id?: string | null;
  upstream_id?: string;
  tags?: string[];
  weight?: number;
  priority?: number;
  daily_limit?: number | null;
  rpm_limit?: number | null;
  tpm_limit?: number | null;
  max_concurrency?: number | null;
  enabled?: boolean;
}

interface BulkBody extends Pick<KeyBody, "pool_id" | "tags"> {
  daily_limit?: number | null;
  rpm_limit?: number | null;
  tpm_limit?: number | null;
  max_concurrency?: number | null;
}

/** What each action needs of the body. */
const BULK_CHANGES: Record<BulkAction, (body: BulkBody) => BulkChange> = {
  enable: () => ({ action: "enable" }),
  disable: () => ({ action: "disable" }),
  delete: () => ({ action: "delete" }),
  reset: () => ({ action: "reset" }),
  move({ pool_id }) {
    if (pool_id !== undefined) return { action: "move", poolId: pool_id };
    throw new InputError("Moving keys needs a pool.", { pool_id: "give the id of a pool, or null for none" });
  },
  set_limits({ daily_limit, rpm_limit, tpm_limit, max_concurrency }) {
    const given = {
      dailyLimit: daily_limit,
      rpmLimit: rpm_limit,
      tpmLimit: tpm_limit,
      maxConcurrency: max_concurrency,
    };
    const limits = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return { action: "set_limits", limits };
  },
  add_tags: ({ tags = [] }) => ({ action: "add_tags", tags }),
  remove_tags: ({ tags = [] }) => ({ action: "remove_tags", tags }),
};

const { name: _, ...sharedFields } = keyFields;
const importBody = body({
  text: t.String({ description: "the keys, one a line", examples: ["AIzaSy-first-key\nAIzaSy-second-key"] }),
  ...sharedFields,
});
const checkImport = createCheck(shapeOf(importBody));

const shown = (key: KeyView) => new Revised(keyJson(key), keyRevision(key));

export interface KeyRouteDeps {
  keys: KeyOperations;
  /** @throws ApiError where the request does not carry the admin password. */
  confirmPassword(request: Request): Promise<void>;
  now(): number;
}

export function keyRoutes({ keys, confirmPassword, now }: KeyRouteDeps): Route[] {
  return [
    route({
      method: "GET",
      path: "/keys",
      summary: "Lists keys",
      detail:
        "In the order in which they were added, where `sort` says nothing else. `q` looks into names, tags and the visible ends of the secrets.",
      query: t.Object({
        ...listFields,
        sort: sortField(KEY_SORTS),
        status: t.Optional(oneOf(KEY_STATUSES)),
        pool_id: t.Optional(t.String({ description: "the id of a pool" })),
        upstream_id: t.Optional(t.String({ description: "the id of an upstream" })),
        tag: t.Optional(t.String({ description: "a tag, as it is written" })),
      }),
      answer: pageOf(keyAnswer),
      handle: async ({ query: { pool_id: poolId, upstream_id: upstreamId, ...query } }) =>
        pageJson(await keys.list({ ...query, poolId, upstreamId }), keyJson),
    }),
    route({
      method: "POST",
      path: "/keys",
      summary: "Adds a key",
      detail:
        "Without `upstream_id` it belongs to the default upstream. The same secret at the same upstream is refused with " +
        "409. No answer ever holds the secret: `masked_secret` has its ends.",
      body: body({ secret: secretField, ...keyFields }),
      status: 201,
      revised: true,
      answer: keyAnswer,
      handle: async ({ body: given, actor }) =>
        shown(await keys.add({ ...fieldsOf(given), secret: given.secret }, actor)),
    }),
    route({
      method: "POST",
      path: "/keys/bulk",
      summary: "Enables, disables, deletes, moves, limits, tags or resets several keys",
      detail:
        "What is wrong is found before anything is changed. Many keys are changed in slices, so that requests go on " +
        "meanwhile; the answer comes when all are done. `move` puts them into the pool `pool_id`, null takes them out " +
        "of theirs; `set_limits` takes the limits that are given; `add_tags` and `remove_tags` take `tags`.",
      body: body({
        ids: t.Array(t.String(), { maxItems: KEY_LIMITS.maxKeys, description: "a list of key ids" }),
        action: oneOf(Object.keys(BULK_CHANGES)),
        pool_id: keyFields.pool_id,
        tags: keyFields.tags,
        daily_limit: keyFields.daily_limit,
        rpm_limit: keyFields.rpm_limit,
        tpm_limit: keyFields.tpm_limit,
        max_concurrency: keyFields.max_concurrency,
      }),
      isSlow: true,
      answer: countAnswer,
      errors: [404],
      async handle({ body: given, actor }) {
        const change = BULK_CHANGES[given.action as BulkAction](given);
        const { run, ended } = await keys.bulk({ ids: given.ids }, change, actor);
        await ended;
        if (run.stopped !== null)
          throw new Error(`a bulk change ended after ${run.done} of ${run.total} keys: ${run.stopped}`);
        return { count: run.done };
      },
    }),
    route({
      method: "GET",
      path: "/keys/export",
      summary: "All keys as a JSON array that the import takes",
      detail:
        "With `secrets=true` they are whole: give the admin password in the header `x-admin-password`. That is noted " +
        "as a key event.",
      query: t.Object({ secrets: t.Optional(oneOf(["true", "false"])) }),
      headers: PASSWORD_HEADER,
      answer: exportAnswer,
      errors: [429],
      async handle({ query, actor, request }) {
        const withSecrets = query.secrets === "true";
        if (withSecrets) await confirmPassword(request);
        return exportKeys(
          await keys.exportAll(withSecrets, actor),
          new Date(now()).toISOString().slice(0, 10),
        );
      },
    }),
    route({
      method: "POST",
      path: "/keys/import",
      summary: "Adds many keys: one a line, CSV, .env, JSON, or {text, …} with what all of them share",
      body: "text",
      detail:
        "Only adds: a secret that is there already is left as it is and reported by row. Text has one key a line, also " +
        "as `name: secret`, `name,secret` or `NAME=secret` (a .env file), or is CSV with a heading (`name,secret,pool,tags`, " +
        "…). A JSON array has texts or objects with the fields of a key; the earlier version's keys.json and exports are " +
        "taken as well. `dry_run=true` tells what would be added, and adds nothing.",
      query: t.Object({ dry_run: t.Optional(oneOf(["true", "false"])) }),
      accepts: {
        "application/json": t.Union([
          t.Array(t.Unknown(), {
            maxItems: KEY_LIMITS.maxKeys,
            description: "secrets, or objects with the fields of a key",
          }),
          importBody,
        ]),
        "text/plain": t.String({ examples: ["AIzaSy-first-key\nAIzaSy-second-key"] }),
        "text/csv": t.String({ examples: ["name,secret,pool\ngoogle-01,AIzaSy-first-key,production"] }),
      },
      answer: importAnswer,
      async handle({ body: given, query, actor }) {
        const { text, shared } = readImport(given);
        if (query.dry_run === "true") {
          const { addable, skipped } = await keys.checkMany(text, shared);
          return { added: addable, added_ids: [], skipped };
        }
        const { added, skipped } = await keys.addMany(text, shared, actor);
        return { added: added.length, added_ids: added.map(({ id }) => id), skipped };
      },
    }),
    route({
      method: "GET",
      path: "/keys/:id",
      summary: "One key",
      revised: true,
      answer: keyAnswer,
      handle: async ({ id }) => shown(await keys.get(id)),
    }),
    route({
      method: "PATCH",
      path: "/keys/:id",
      summary: "Changes a key; a new secret lets it start afresh",
      detail: "Only the fields that are given. `pool_id` puts it into another pool, null into none.",
      revised: true,
      body: body({ secret: t.Optional(secretField), ...keyFields }),
      answer: keyAnswer,
      handle: async ({ id, body: given, actor, seen }) =>
        shown(await keys.edit(id, fieldsOf(given), actor, seen)),
    }),
    route({
      method: "DELETE",
      path: "/keys/:id",
      summary: "Deletes a key; its logs stay",
      detail: "`POST /keys/{id}/restore` brings it back within two minutes.",
      revised: true,
      handle: ({ id, actor, seen }) => keys.remove([id], actor, seen),
    }),
    route({
      method: "POST",
      path: "/keys/:id/test",
      summary: "Makes one cheap real call upstream with this key",
      detail:
        "It asks for the list of models. The outcome counts like any other: a good one makes the key usable again.",
      isSlow: true,
      answer: testAnswer,
      async handle({ id, actor }) {
        const { outcome, status, latencyMs, message } = await keys.test(id, actor);
        return { outcome, status, latency_ms: Math.round(latencyMs), message };
      },
    }),
    route({
      method: "POST",
      path: "/keys/:id/reset",
      summary: "Clears cooldowns, strikes, ejection, invalid and no_credit",
      detail: "For a person who knows better; what a real answer says after it counts again.",
      answer: keyAnswer,
      async handle({ id, actor }) {
        await keys.reset([id], actor);
        return keyJson(await keys.get(id));
      },
    }),
    route({
      method: "POST",
      path: "/keys/:id/restore",
      summary: "Brings a key back that was deleted alone within the last two minutes",
      detail: "With its counters and its history. Deletions of several and older ones stay.",
      answer: keyAnswer,
      handle: async ({ id, actor }) => keyJson(await keys.restore(id, actor)),
    }),
    route({
      method: "POST",
      path: "/keys/:id/reveal",
      summary: "The secret of a key",
      detail: "Asks for the admin password, and is noted as a key event.",
      headers: PASSWORD_HEADER,
      answer: secretAnswer,
      errors: [429],
      async handle({ id, actor, request }) {
        await keys.get(id);
        await confirmPassword(request);
        return { secret: await keys.reveal(id, actor) };
      },
    }),
  ];
}

function fieldsOf(given: KeyBody): KeyPatch {
  const { pool_id, upstream_id, daily_limit, rpm_limit, tpm_limit, max_concurrency, ...same } = given;
  return {
    ...same,
    poolId: pool_id,
    upstreamId: upstream_id,
    dailyLimit: daily_limit,
    rpmLimit: rpm_limit,
    tpmLimit: tpm_limit,
    maxConcurrency: max_concurrency,
  };
}

/** `{text, …}` with fields for all; anything else is the text of the keys itself. */
function readImport(given: string): { text: string; shared: KeyPatch } {
  const parsed = given.trimStart().startsWith("{") ? parseJson(given) : null;
  if (parsed === null || typeof parsed !== "object" || !("text" in parsed))
    return { text: given, shared: {} };
  const { text, ...shared } = checkImport(parsed) as Static<typeof importBody>;
  return { text, shared: fieldsOf(shared) };
}
