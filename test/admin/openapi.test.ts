import { afterAll, beforeAll, expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { JsonSchema } from "../../src/admin/api/json-schema.ts";
import type { ApiDocument } from "../../src/admin/api/openapi.ts";
import { type DescribedCall, type Description, readDescription } from "../support/api-description.ts";
import { APP_PASSWORD, startApp, type TestApp } from "../support/app.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";

const KEY = "sk-described-key-0001";
/** Where the description's examples alone don't make a call that works here. */
const BODIES: Record<string, (ids: Map<string, string>) => unknown> = {
  bulk_keys: (ids) => ({ ids: [ids.get("keys")], action: "reset" }),
  create_upstream: () => ({ name: "Another", base_url: "http://127.0.0.1:9/v1" }),
  update_settings: () => ({ max_retries: 2, model_aliases: { mine: "gpt-4o" } }),
  reset_settings: () => ({ names: ["max_retries"] }),
  move_keys_upstream: (ids) => ({ upstream_id: ids.get("upstreams") }),
  cleanup_logs: () => ({ older_than_days: 36_500 }),
};

let upstream: FakeUpstream;
let app: TestApp;
let description: Description;
const ids = new Map<string, string>();

beforeAll(async () => {
  upstream = startFakeUpstream();
  app = await startApp({ upstream: upstream.url, keys: [KEY] });
  expect((await app.chat()).status).toBe(200);
  const logs = await app.logs();
  ids.set("logs", logs[0]?.id ?? "");
  ids.set("keys", (await app.keys())[0]?.id ?? "");
  description = readDescription((await app.must("GET", "/openapi.json")) as ApiDocument);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  upstream.down();
});

test("the description is valid OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate({ ...structuredClone(description.document) });
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
});

test("every operation has a name of its own, says what it answers and explains each field that it takes", () => {
  const names = description.calls.map(({ id }) => id);
  expect(new Set(names).size).toBe(names.length);
  for (const { id, operation, method, body } of description.calls) {
    expect([id, operation.summary.length > 0]).toEqual([id, true]);
    for (const parameter of operation.parameters) {
      expect([id, parameter.name, parameter.description]).not.toEqual([id, parameter.name, ""]);
    }
    for (const [name, field] of Object.entries(body?.properties ?? {})) {
      expect([id, name, field.description ?? ""]).not.toEqual([id, name, ""]);
    }
    for (const { example } of Object.values(operation.requestBody?.content ?? {})) {
      expect([id, example]).not.toEqual([id, undefined]);
    }
    // What changes something says more than one line.
    if (method === "post") expect([id, (operation.description ?? "").length > 30]).toEqual([id, true]);
    // A GET without a described answer was forgotten.
    if (method === "get") expect([id, Object.keys(operation.responses)[0]]).toEqual([id, "200"]);
  }
});

test("every operation works as it is described", async () => {
  for (const call of inOrder(description.calls)) {
    const answer = await make(call);
    expect([call.id, description.problemOf(call, answer), answer.status, answer.text.slice(0, 300)]).toEqual([
      call.id,
      null,
      call.goodStatus,
      answer.text.slice(0, 300),
    ]);
  }
});

/** What reads first, then what adds and changes, at last what deletes. */
function inOrder(calls: DescribedCall[]): DescribedCall[] {
  const rank = ({ method, id }: DescribedCall) =>
    (id === "restore_key" ? 4 : 0) +
    ["post", "patch", "get", "delete"].indexOf(method) +
    (id.startsWith("reset_stats") ? 3 : 0);
  return calls.toSorted((a, b) => rank(a) - rank(b));
}

async function make(call: DescribedCall) {
  const noun = call.path.split("/")[1] ?? "";
  const query = new URLSearchParams();
  for (const { name, in: place, required, schema } of call.operation.parameters) {
    if (place === "query" && required) query.set(name, String(exampleOf(schema)));
  }
  const body = BODIES[call.id]?.(ids) ?? (call.body === null ? undefined : exampleOf(call.body));
  const abort = new AbortController();
  const path = call.path.replace("{id}", ids.get(noun) ?? "");
  const answer = await fetch(`${app.url}/api/admin${path}?${query}`, {
    method: call.method.toUpperCase(),
    headers: {
      authorization: "Bearer test-admin-api-token",
      "content-type": "application/json",
      "x-admin-password": APP_PASSWORD,
    },
    signal: abort.signal,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const type = answer.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream")) {
    abort.abort();
    return { status: answer.status, type, text: "" };
  }
  const text = await answer.text();
  if (answer.status === 201) {
    // A backup has its name alone.
    const { id, name } = JSON.parse(text);
    ids.set(noun, id ?? name);
  }
  return { status: answer.status, type, text };
}

/** What the description itself offers as a value. */
function exampleOf(given: JsonSchema): unknown {
  const schema = description.resolve(given);
  if (schema.examples !== undefined) return schema.examples[0];
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return exampleOf(schema.anyOf.at(-1) ?? {});
  const type = typeof schema.type === "string" ? schema.type : schema.type?.[0];
  if (type === "object") {
    const required = schema.required ?? [];
    const fields = Object.entries(schema.properties ?? {}).filter(([name]) => required.includes(name));
    return Object.fromEntries(fields.map(([name, field]) => [name, exampleOf(field)]));
  }
  if (type === "integer" || type === "number") return schema.minimum ?? 1;
  if (type === "array") return [];
  return type === "boolean" ? true : "text";
}
