import { describe, expect, test } from "bun:test";
import { readError } from "../../src/proxy/error-shapes.ts";

const read = (body: unknown) => readError(typeof body === "string" ? body : JSON.stringify(body));

describe("the sentence", () => {
  const shapes: [what: string, body: unknown, message: string][] = [
    ["OpenAI", { error: { message: "No", type: "x", param: null, code: null } }, "No"],
    ["Google's array", [{ error: { code: 429, message: "No", status: "RESOURCE_EXHAUSTED" } }], "No"],
    ["Anthropic", { type: "error", error: { type: "x", message: "No" } }, "No"],
    ["flat", { object: "error", message: "No", type: "x" }, "No"],
    [
      "Mistral's object",
      { message: { detail: [{ msg: "No", loc: ["body"], input: "secret words" }] } },
      "No",
    ],
    ["xAI", { code: "Some sentence", error: "No" }, "No"],
    ["Cohere", { message: "No" }, "No"],
    ["FastAPI", { detail: "No" }, "No"],
    ["FastAPI's list", { detail: [{ type: "missing", loc: ["body", "x"], msg: "No" }] }, "No"],
    ["NVIDIA", { status: 403, title: "Forbidden", detail: "No" }, "No"],
    ["a problem without detail", { status: 429, title: "No" }, "No"],
    ["MiniMax", { base_resp: { status_code: 1008, status_msg: "No" } }, "No"],
    ["Baidu", { error_code: 17, error_msg: "No" }, "No"],
    ["Cloudflare", { success: false, errors: [{ code: 10_000, message: "No" }] }, "No"],
    ["Apigee", { fault: { faultstring: "No", detail: { errorcode: "x" } } }, "No"],
    ["NestJS", { statusCode: 401, error: "Unauthorized", message: "No" }, "No"],
    ["a JSON string", '"No"', "No"],
    ["a line of text", "No\n", "No"],
    [
      "a failed response",
      { type: "response.failed", response: { error: { code: "x", message: "No" } } },
      "No",
    ],
    ["nothing", {}, ""],
    ["nothing at all", "", ""],
  ];
  for (const [what, body, message] of shapes) test(what, () => expect(read(body).message).toBe(message));

  test("and all texts are there to be searched, at most 4,096 characters of them", () => {
    expect(read({ title: "Forbidden", detail: "No" }).text).toBe("No\nForbidden");
    expect(read({ error: { message: "x".repeat(9_000) } }).text.length).toBe(4_096);
  });

  test("what echoes the request is never among them", () => {
    const echoes = {
      input: "secret words",
      failed_generation: "secret words",
      param: "secret words",
      value: "secret words",
    };
    expect(
      read({ error: { message: "No", ...echoes, metadata: { flagged_input: "secret words" } } }).text,
    ).toBe("No");
  });
});

describe("identifiers", () => {
  test("come from every known field, in lower case", () => {
    const error = {
      code: "RateLimitReached",
      type: "Requests",
      innererror: { code: "ResponsibleAIPolicyViolation" },
      details: [{ reason: "API_KEY_INVALID" }, { violations: [{ quotaId: "PerDay", quotaValue: "0" }] }],
      metadata: { limit_source: "openrouter_credits", flagged_input: "…" },
    };
    expect([...read({ error }).names].sort()).toEqual([
      "api_key_invalid",
      "flagged_input",
      "openrouter_credits",
      "perday",
      "quotavalue:0",
      "ratelimitreached",
      "requests",
      "responsibleaipolicyviolation",
    ]);
  });

  test("numbers that only their field explains carry it", () => {
    expect([...read({ base_resp: { status_code: 1008 } }).names]).toEqual(["status_code:1008"]);
    expect([...read({ error_code: 17, error_msg: "two words" }).names]).toEqual(["error_code:17"]);
    expect([...read({ code: 30_001, message: "two words" }).names]).toEqual(["30001"]);
  });

  test("an HTTP status among them is the status, as number or string", () => {
    expect(read({ error: { code: 429 } })).toMatchObject({ status: 429, names: new Set() });
    expect(read({ error: { code: "503" } }).status).toBe(503);
    expect(read({ status_code: 404 }).status).toBe(404);
    expect(read({ error: { code: 200 } }).status).toBeNull();
    expect(read({ error: { code: 600 } }).status).toBeNull();
  });

  test("a text of one word is one", () => {
    expect(read({ error: "Unauthorized" }).names.has("unauthorized")).toBe(true);
    expect(read({ error: "Not found" }).names.size).toBe(0);
  });
});

describe("an aggregator's quote", () => {
  const inner = JSON.stringify({ error: { message: "Insufficient Balance", code: 402 } });

  test("is read from its field, as JSON or text", () => {
    const body = (raw: unknown) => read({ error: { message: "Provider returned error", metadata: { raw } } });
    expect(body(inner).quoted).toMatchObject({ message: "Insufficient Balance", status: 402 });
    expect(body("busy upstream").quoted?.message).toBe("busy upstream");
    expect(body({ error: { message: "object" } }).quoted?.message).toBe("object");
    expect(body("").quoted).toBeNull();
    expect(body("").relayed).toBe(true);
  });

  test("is read from inside the sentence", () => {
    expect(
      read({ error: { message: `litellm.X: DeepseekException - ${inner}. Received Model Group=x` } }).quoted
        ?.status,
    ).toBe(402);
    expect(
      read({ error: { message: "litellm.X: OpenAIException - Incorrect API key" } }).quoted?.message,
    ).toBe("Incorrect API key");
  });

  test("other JSON in a sentence is no quote", () => {
    const error = read({ error: { message: 'Invalid schema: {"type":"object","properties":{}}' } });
    expect(error.quoted).toBeNull();
    expect(error.relayed).toBe(false);
  });

  test("is not followed for ever", () => {
    let raw = "the innermost";
    for (let depth = 0; depth < 20; depth += 1)
      raw = JSON.stringify({ message: `level ${depth}`, metadata: { raw } });
    expect(read(raw).quoted?.quoted?.quoted).toBeNull();
  });
});

describe("JSON that was cut off", () => {
  test("still gives its first sentence and identifiers", () => {
    const cut = read('{"error":{"code":"invalid_api_key","message":"No \\"key\\"","more":"');
    expect(cut.names.has("invalid_api_key")).toBe(true);
    expect(cut.message).toStartWith("No ");
  });
});
