import { describe, expect, test } from "bun:test";
import { answerIds, namedIds } from "../../src/proxy/named-ids.ts";

describe("ids that a request names", () => {
  const cases: [what: string, body: unknown, ids: string[]][] = [
    ["a batch's input", { input_file_id: "file-1", endpoint: "/v1/x" }, ["file-1"]],
    [
      "a fine-tuning job's files",
      { training_file: "file-1", validation_file: "file-2" },
      ["file-1", "file-2"],
    ],
    ["a vector store's files", { file_ids: ["file-1", "file-2"] }, ["file-1", "file-2"]],
    ["the response before", { previous_response_id: "resp_1", model: "m" }, ["resp_1"]],
    ["a conversation by its id or as an object", { conversation: { id: "conv_1" } }, ["conv_1"]],
    [
      "a file inside a message",
      { input: [{ content: [{ type: "input_file", file_id: "file-1" }] }] },
      ["file-1"],
    ],
    ["a tool's stores", { tools: [{ type: "file_search", vector_store_ids: ["vs_1"] }] }, ["vs_1"]],
    [
      "nothing in a schema that has such a name",
      { tools: [{ parameters: { properties: { file_id: { type: "string" } } } }] },
      [],
    ],
    [
      "nothing in other fields",
      { id: "x", file: "file-1", messages: [{ content: '"file_id":"file-9"' }] },
      [],
    ],
    ["nothing empty or null", { file_id: "", conversation: null, file_ids: [] }, []],
  ];
  for (const [what, body, ids] of cases)
    test(what, () => expect(namedIds(body, JSON.stringify(body))).toEqual(ids));

  test("are looked for within bounds", () => {
    let deep: unknown = { file_id: "file-deep" };
    for (let n = 0; n < 50; n += 1) deep = { deep };
    expect(namedIds(deep, JSON.stringify(deep))).toEqual([]);
    const many = {
      messages: Array.from({ length: 100_000 }, () => ({ role: "user" })),
      file_id: "file-late",
    };
    expect(namedIds(many, JSON.stringify(many))).toEqual([]);
    const named = { file_ids: Array.from({ length: 1_000 }, (_, n) => `file-${n}`) };
    expect(namedIds(named, JSON.stringify(named))).toHaveLength(16);
  });
});

describe("ids that an answer tells", () => {
  const cases: [what: string, answer: unknown, ids: string[]][] = [
    [
      "its own and those of its files",
      { id: "batch_1", output_file_id: "file-2", error_file_id: null },
      ["batch_1", "file-2"],
    ],
    ["those of a list", { object: "list", data: [{ id: "a" }, { id: "b" }] }, ["a", "b"]],
    [
      "that of a response in its first event",
      { type: "response.created", response: { id: "resp_1" } },
      ["resp_1"],
    ],
    ["a job's results", { id: "ftjob-1", result_files: ["file-1"] }, ["ftjob-1", "file-1"]],
    ["none where it is none", "text", []],
  ];
  for (const [what, answer, ids] of cases) test(what, () => expect(answerIds(answer)).toEqual(ids));
});
