import { afterEach, beforeEach, expect, test } from "bun:test";
import { createDecipheriv, scryptSync } from "node:crypto";
import { join } from "node:path";
import Ajv from "ajv/dist/2020";
import type { ExportSecrets } from "../../../src/operations/types.ts";
import { exportSchema } from "../../../src/storage/transfer-schema.ts";
import { anAttempt, aRequest, batchOf, HOSTILE } from "../../storage/builders.ts";
import { type AdminParts, openParts } from "../../support/admin-server.ts";

const SECRETS = ["sk-export-0123456789abcdef", "sk-export-fedcba9876543210"];

let parts: AdminParts;
beforeEach(async () => {
  parts = await openParts();
  const { operations, storage, clock } = parts;
  const pool = await operations.pools.add({ name: "Main", description: HOSTILE.slice(0, 20) }, "admin");
  const key = await operations.keys.add(
    { secret: SECRETS[0]!, name: "first", poolId: pool.id, tags: ["a"] },
    "admin",
  );
  await operations.keys.add({ secret: SECRETS[1]!, enabled: false, dailyLimit: 9 }, "api");
  await operations.settings.patch(
    { max_retries: 7, alert_webhook_secret: "hook-secret-1", model_aliases: { a: "b" } },
    "admin",
  );
  const requests = Array.from({ length: 1_203 }, (_, index) =>
    aRequest({
      startedAt: clock.now() - 90_000 + index,
      model: HOSTILE,
      costUsd: 0.001,
      attempts: [
        anAttempt({
          keyId: key.id,
          startedAt: clock.now() - 90_000 + index,
          error: index % 5 ? null : HOSTILE,
        }),
      ],
    }),
  );
  await storage.writeBatch(batchOf(requests));
});
afterEach(() => parts.close());

// biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested
async function exported(secrets: ExportSecrets): Promise<{ text: string; json: any }> {
  let text = "";
  for await (const piece of await parts.operations.transfer.exportAll({ secrets, actor: "admin" }))
    text += piece;
  return { text, json: JSON.parse(text) };
}

test("everything is in it, in the order that an import needs, as the schema says; secrets are not", async () => {
  const { text, json } = await exported("none");
  expect(Object.keys(json)).toEqual(
    "format version program exported_at secrets settings upstreams pools keys rotations resource_owners key_events statistics requests".split(
      " ",
    ),
  );
  expect(json).toMatchObject({ format: "load-balancer", version: 1, secrets: "none" });
  expect(json.settings).toEqual({ max_retries: 7, model_aliases: { a: "b" } });
  expect(json.keys.map((key: { name: string; masked_secret: string }) => key.masked_secret)).toEqual([
    "sk-e…cdef",
    "sk-e…3210",
  ]);
  for (const secret of [...SECRETS, "hook-secret-1"]) expect(text).not.toContain(secret);
  expect(json.requests).toHaveLength(1_203);
  expect(json.requests[5]).toMatchObject({ model: HOSTILE, attempts: [{ error: HOSTILE }] });
  const times = json.requests.map((request: { started_at: string }) => Date.parse(request.started_at));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(json.statistics.filter((one: { dimension: string }) => one.dimension === "total")).not.toEqual([]);
  expect(json.key_events.map((event: { event: string }) => event.event)).toContain("added");
});

test("the schema in docs is the one of the program, and a real export fits it", async () => {
  const path = join(import.meta.dir, "../../../docs/export.schema.json");
  expect(await Bun.file(path).json()).toEqual(exportSchema());
  const check = new Ajv({ allErrors: true }).compile(exportSchema());
  const { json } = await exported("plain");
  check(json);
  expect(check.errors).toBe(null);
  expect(check({ ...json, more: [] })).toBe(false);
  json.requests[3].started_at = "yesterday";
  expect(check(json)).toBe(false);
  expect(check.errors?.map(({ instancePath }) => instancePath)).toEqual(["/requests/3/started_at"]);
});

test("in clear on purpose only, and noted", async () => {
  const { json } = await exported("plain");
  expect(json.secrets).toBe("plain");
  expect(json.keys.map((key: { secret: string }) => key.secret)).toEqual(SECRETS);
  expect(json.settings.alert_webhook_secret).toBe("hook-secret-1");
  const { data } = await parts.operations.logs.keyEvents({ kind: "key_event", limit: 1, cursor: null });
  expect(data[0]).toMatchObject({ event: "exported", detail: "all keys, secrets in clear", actor: "admin" });
});

test("under a passphrase, in the way that the file itself tells", async () => {
  const { text, json } = await exported({ passphrase: "correct horse battery" });
  for (const secret of SECRETS) expect(text).not.toContain(secret);
  const { kdf, n, r, p, salt, cipher, check } = json.secrets;
  expect([kdf, cipher]).toEqual(["scrypt", "aes-256-gcm"]);
  // As somebody without this program would open it.
  const key = scryptSync("correct horse battery", salt, 32, { N: n, r, p, maxmem: 256 * 1024 * 1024 });
  const open = (sealed: string) => {
    const bytes = Buffer.from(sealed, "base64");
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(1, 13));
    decipher.setAAD(bytes.subarray(0, 1)).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(13, -16)), decipher.final()]).toString();
  };
  expect(open(check)).toBe("load-balancer");
  expect(json.keys.map((one: { secret: string }) => open(one.secret))).toEqual(SECRETS);
  expect(open(json.settings.alert_webhook_secret)).toBe("hook-secret-1");
  await expect(exported({ passphrase: "short" })).rejects.toThrow(/8 to 1000 characters/);
});

test("what is written meanwhile is not part of it; the reader may stop at any place", async () => {
  const pieces = await parts.operations.transfer.exportAll({ secrets: "none", actor: "admin" });
  let text = (await pieces.next()).value as string;
  await parts.storage.writeBatch(batchOf([aRequest({ id: "later", startedAt: parts.clock.now() + 5_000 })]));
  for await (const piece of pieces) text += piece;
  expect(JSON.parse(text).requests).toHaveLength(1_203);
  const another = await parts.operations.transfer.exportAll({ secrets: "none", actor: "admin" });
  await another.next();
  await another.return(undefined);
});
