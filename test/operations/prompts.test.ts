import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AdminServer, startAdmin } from "../support/admin-server.ts";

let admin: AdminServer;
beforeAll(async () => {
  admin = await startAdmin();
});
afterAll(() => admin.stop());

test("prompts are saved, changed, found and deleted", async () => {
  const made = await admin.call("POST", "/prompts", {
    name: " Triage a 429 ",
    text: "Why?",
    parameters: { temperature: 0.7, stop: ["\n"] },
  });
  expect(made.status).toBe(201);
  expect(made.json).toEqual({
    id: made.json.id,
    name: "Triage a 429",
    text: "Why?",
    system: "",
    model: "",
    parameters: { temperature: 0.7, stop: ["\n"] },
    created_at: "2026-11-24T12:00:00.000Z",
    last_used_at: null,
  });
  const path = `/prompts/${made.json.id}`;
  const changed = await admin.call("PATCH", path, { text: "Which key cooled?", model: "gpt-4o" });
  expect(changed.json).toEqual({ ...made.json, text: "Which key cooled?", model: "gpt-4o" });
  await admin.call("POST", "/prompts", { name: "Another", text: "x" });
  const names = async (query: string) =>
    (await admin.call("GET", `/prompts?${query}`)).json.data.map(({ name }: { name: string }) => name);
  expect(await names("sort=name")).toEqual(["Another", "Triage a 429"]);
  expect(await names("q=COOLED")).toEqual(["Triage a 429"]);
  expect((await admin.call("DELETE", path)).status).toBe(204);
  expect((await admin.call("GET", path)).status).toBe(404);
  expect(await names("")).toEqual(["Another"]);
});

test("what cannot be saved says why and changes nothing", async () => {
  const taken = await admin.call("POST", "/prompts", { name: "ANOTHER", text: "x" });
  expect([taken.status, taken.json.error.code]).toEqual([409, "conflict"]);
  const wrong = await admin.call("POST", "/prompts", {
    name: " ",
    text: "",
    parameters: { long: "x".repeat(20_000) },
  });
  expect([wrong.status, Object.keys(wrong.json.error.fields)]).toEqual([422, ["name", "text", "parameters"]]);
  expect((await admin.call("GET", "/prompts")).json.data).toHaveLength(1);
});
