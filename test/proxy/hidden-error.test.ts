import { describe, expect, test } from "bun:test";
import { hidesError, hidesErrorInEvent, mayHideError } from "../../src/proxy/hidden-error.ts";

const errors: unknown[] = [
  { error: { message: "x" } },
  { error: "x", choices: [] },
  [{ error: { message: "x" } }],
  { id: "resp_1", object: "response", status: "failed", error: { code: "server_error" } },
  { id: "c", object: "chat.completion", error: { code: 502 } },
  { type: "error", code: "x" },
  { object: "error", message: "x" },
  { type: "response.failed", response: { error: { code: "x" } } },
  { base_resp: { status_code: 1008, status_msg: "x" } },
  { error_code: 17, error_msg: "x" },
  { success: false, errors: [{ code: 1 }] },
  { code: 30_001, message: "x", data: null },
  { code: "InvalidParameter", message: "x" },
  { status: 429, title: "Too Many Requests" },
];

const answers: unknown[] = [
  { choices: [{ message: { content: "x" } }] },
  { choices: [{ message: {} }], error: { message: "part of an answer" } },
  { id: "r", object: "response", error: null, output: [] },
  { error: {} },
  { error: "" },
  { error: { message: null, code: null } },
  { id: "ftjob-1", object: "fine_tuning.job", status: "failed", error: { code: "x" } },
  { id: "batch_1", object: "batch", status: "failed", errors: { data: [{ code: "x" }] } },
  { base_resp: { status_code: 0, status_msg: "success" } },
  { code: 0, message: "success", data: null },
  { code: 200, msg: "ok", data: {} },
  { code: "Success", message: "", data: null },
  { code: 20_000, message: "x", data: [1] },
  { code: "print(1)", message: "an answer of code", output: "1" },
  { success: true, result: { response: "x" } },
  { type: "message", content: [] },
  { object: "list", data: [] },
  { status: "completed", title: "x" },
  [],
  ["error"],
  {},
  "error",
  null,
  7,
];

describe("an answer with status 200", () => {
  for (const json of errors) {
    test(`is an error: ${JSON.stringify(json)}`, () => {
      expect(hidesError(json)).toBe(true);
      expect(mayHideError(JSON.stringify(json))).toBe(true);
    });
  }
  for (const json of answers)
    test(`is none: ${JSON.stringify(json)}`, () => expect(hidesError(json)).toBe(false));
});

describe("an event", () => {
  test("is an error wherever it carries one, with choices or without", () => {
    for (const json of errors) expect(hidesErrorInEvent(json)).toBe(true);
    expect(
      hidesErrorInEvent({ choices: [{ delta: {}, finish_reason: "error" }], error: { code: 502 } }),
    ).toBe(true);
    expect(hidesErrorInEvent({ choices: [], usage: {} })).toBe(false);
  });

  test("in which the model writes of errors need not even be parsed", () => {
    const delta = { content: '{"error":{"code":429}} "success": false' };
    expect(mayHideError(JSON.stringify({ choices: [{ delta }] }))).toBe(false);
  });
});
