import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readKeyFields } from "../../src/operations/key-input.ts";
import {
  type KeyRow,
  MAX_IMPORT_BYTES,
  MAX_IMPORT_ROWS,
  readKeyText,
} from "../../src/operations/key-text.ts";
import { InputError } from "../../src/types.ts";

const fieldsOf = (row: KeyRow | undefined) => (row !== undefined && "fields" in row ? row.fields : null);
const readLine = (line: string) => fieldsOf(readKeyText(line)[0]);

describe("a line of text", () => {
  const forms: [line: string, name: string | undefined, secret: string][] = [
    ["sk-abc123456", undefined, "sk-abc123456"],
    ["  sk-abc123456\t", undefined, "sk-abc123456"],
    ["\uFEFFsk-abc123456", undefined, "sk-abc123456"],
    ['"sk-abc123456"', undefined, "sk-abc123456"],
    ["work: sk-abc123456", "work", "sk-abc123456"],
    ["My key (old): sk-abc123456", "My key (old)", "sk-abc123456"],
    ["a: b: sk-abc123456", "a: b", "sk-abc123456"],
    ["OPENAI_API_KEY=sk-abc123456", "OPENAI_API_KEY", "sk-abc123456"],
    ['OPENAI_API_KEY="sk-abc123456"', "OPENAI_API_KEY", "sk-abc123456"],
    ["name = sk-abc123456", "name", "sk-abc123456"],
    ["name=QUJDREVGR0g=", "name", "QUJDREVGR0g="],
    ["name,sk-abc123456", "name", "sk-abc123456"],
    ['"a name","sk-abc123456"', "a name", "sk-abc123456"],
    ["name\tsk-abc123456", "name", "sk-abc123456"],
    // What ends in = or has a bare colon is a secret.
    ["QUJDREVGR0g=", undefined, "QUJDREVGR0g="],
    ["QUJDREVGR0hJSg==", undefined, "QUJDREVGR0hJSg=="],
    ["c0ffee-id:0123456789abcdef", undefined, "c0ffee-id:0123456789abcdef"],
  ];
  for (const [line, name, secret] of forms) {
    test(JSON.stringify(line), () => {
      const fields = readLine(line);
      expect(fields?.secret).toBe(secret);
      expect(fields?.name).toBe(name);
    });
  }

  test("of several words, or endless, is malformed", () => {
    for (const line of [
      "one two",
      "a, b, c",
      "some-name,",
      "sk-abc123456,sk-def1234,more",
      "x".repeat(1_001),
      `a${" ".repeat(900_000)}b`,
    ]) {
      expect([line.slice(0, 20), readKeyText(line)[0]]).toEqual([
        line.slice(0, 20),
        { row: 1, problem: expect.any(String) },
      ]);
    }
  });

  test("counts with empty ones and comments, whatever ends the lines", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const rows = readKeyText(["", "# comment", "sk-abc123456", "   ", "sk-def123456", ""].join(end));
      expect(rows.map(({ row }) => row)).toEqual([3, 5]);
    }
  });
});

describe("CSV with a heading", () => {
  const read = (...lines: string[]) => readKeyText(lines.join("\n")).map((row) => fieldsOf(row) ?? row);

  test("has its columns in any order, and any of the secret's names", () => {
    for (const name of ["secret", "key", "api_key", "API Key", "ApiKey"]) {
      expect(read(`name,${name}`, "work,sk-abc123456")).toEqual([{ name: "work", secret: "sk-abc123456" }]);
      expect(read(name, "sk-abc123456")).toEqual([{ secret: "sk-abc123456" }]);
    }
    expect(
      read(
        "daily_limit,tags,secret,pool,weight,enabled,max_concurrency,name",
        '5,"a,b",sk-abc123456,Main,3,no,2,"say ""hi"", you"',
      ),
    ).toEqual([
      {
        dailyLimit: 5,
        tags: ["a", "b"],
        secret: "sk-abc123456",
        poolId: "Main",
        weight: 3,
        enabled: false,
        maxConcurrency: 2,
        name: 'say "hi", you',
      },
    ]);
  });

  test("may be of semicolons or tabs, with empty cells, columns of other programs, and a byte order mark", () => {
    expect(read("\uFEFFname;secret;status;", ";sk-abc123456;active;", "b;sk-def123456")).toEqual([
      { secret: "sk-abc123456" },
      { name: "b", secret: "sk-def123456" },
    ]);
    expect(read("name\tkey\trpm_limit", "\tsk-abc123456\t60")).toEqual([
      { secret: "sk-abc123456", rpmLimit: 60 },
    ]);
    expect(read("constructor,secret", "x,sk-abc123456")).toEqual([{ secret: "sk-abc123456" }]);
  });

  test("counts its rows as lines, and says of each bad one why", () => {
    expect(
      read(
        "# exported",
        "name,secret",
        "a,",
        'b,"sk-abc123456',
        "",
        "c,sk-def123456,more",
        `d,${"x".repeat(9_000)}`,
      ),
    ).toEqual([
      { row: 3, problem: "no secret" },
      { row: 4, problem: "its quotes do not end on this line" },
      { row: 6, problem: "3 cells below a heading of 2" },
      { row: 7, problem: "longer than 8000 characters" },
    ]);
    const [row] = readKeyText("secret,weight\nsk-abc123456,heavy");
    expect(readKeyFields(fieldsOf(row!) ?? {}).problems).toEqual({ weight: expect.any(String) });
  });

  test("that names a field twice is refused whole; a key called key is none", () => {
    expect(() => readKeyText("key,secret\nsk-abc123456,sk-def123456")).toThrow(InputError);
    expect(read("key,sk-abc123456")).toEqual([{ name: "key", secret: "sk-abc123456" }]);
  });
});

describe("JSON", () => {
  test("may be texts, objects, or the earlier version's export", () => {
    const rows = readKeyText(
      JSON.stringify([
        "sk-abc123456",
        { key: "sk-def123456", name: null, isActive: false, dailyRateLimit: 0, failureCount: 7 },
        { key: "sk-def123456", name: "x", isActive: 1, dailyRateLimit: 2.5 },
        {
          secret: "sk-ghi123456",
          daily_limit: 5,
          pool_id: "p",
          tags: ["t"],
          id: "ignored",
          status: "invalid",
        },
        { name: "no secret" },
        7,
      ]),
    );
    expect(rows.map((row) => fieldsOf(row) ?? row)).toEqual([
      { secret: "sk-abc123456" },
      { secret: "sk-def123456", enabled: false, dailyLimit: null },
      { secret: "sk-def123456", name: "x", enabled: true, dailyLimit: 3 },
      { secret: "sk-ghi123456", dailyLimit: 5, poolId: "p", tags: ["t"] },
      { row: 5, problem: "no secret" },
      { row: 6, problem: "neither a text nor an object" },
    ]);
    const full = { version: 1, data: { api_keys: [{ key: "sk-full-0001", isActive: 0 }], settings: {} } };
    expect(fieldsOf(readKeyText(JSON.stringify(full))[0])).toEqual({
      secret: "sk-full-0001",
      enabled: false,
    });
  });

  test("that is none, or holds no keys, or is too much, is refused whole", () => {
    const many = JSON.stringify(Array(MAX_IMPORT_ROWS + 1).fill("sk-abc123456"));
    for (const text of ["[1, 2", "{}", '{"data": 5}', many, "x".repeat(MAX_IMPORT_BYTES + 1)]) {
      expect(() => readKeyText(text)).toThrow(InputError);
    }
    expect(readKeyText(JSON.stringify(Array(MAX_IMPORT_ROWS).fill("sk-abc123456")))).toHaveLength(
      MAX_IMPORT_ROWS,
    );
  });
});

test("whatever the text, reading never throws anything but InputError and never makes a secret of two words", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: "binary" })), (text) => {
      let rows: KeyRow[] = [];
      try {
        rows = readKeyText(text);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
      for (const row of rows) {
        const { values } = readKeyFields(fieldsOf(row) ?? {});
        if (values.secret !== undefined) expect(values.secret).toMatch(/^[\x21-\x7e]{8,500}$/);
      }
    }),
    { numRuns: 500 },
  );
});

test("a name and a secret written in each form are read back", () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,20}$/);
  const secret = fc.stringMatching(/^[A-Za-z0-9_-]{8,60}$/);
  fc.assert(
    fc.property(name, secret, fc.constantFrom(": ", "=", ",", "\t", " = "), (given, key, separator) => {
      expect(readLine(`${given}${separator}${key}`)).toEqual({ name: given, secret: key });
    }),
  );
});
