import { describe, expect, test } from "bun:test";
import type { Clock } from "../src/clock.ts";
import { createLogger, LOG_FORMATS, type LogFields, type Logger, type LoggerOptions } from "../src/log.ts";

const clock: Clock = {
  now: () => Date.UTC(2026, 10, 24, 6, 5, 4, 321),
  monotonic: () => 0,
  random: () => 0,
  id: () => "id",
};

function capture(options: Partial<LoggerOptions> = {}): { logger: Logger; text: () => string } {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  const logger = createLogger({ level: "debug", format: "json", write, colour: false, clock, ...options });
  return { logger, text: () => written };
}

/** What an entry with these fields looks like, in both forms. */
function both(act: (logger: Logger) => void): string[] {
  return LOG_FORMATS.map((format) => {
    const { logger, text } = capture({ format });
    act(logger);
    return text();
  });
}

const json = (fields: LogFields, message = "message"): Record<string, unknown> => {
  const { logger, text } = capture();
  logger.info(message, fields);
  return JSON.parse(text());
};

describe("entries", () => {
  test("are JSON lines with time, level, message and fields", () => {
    const { logger, text } = capture();
    logger.info("started", { port: 4270, host: "127.0.0.1", tls: false, none: null, absent: undefined });
    expect(text()).toBe(
      '{"time":"2026-11-24T06:05:04.321Z","level":"info","message":"started","port":4270,"host":"127.0.0.1","tls":false,"none":null}\n',
    );
  });

  test("are pretty lines for people, coloured only where asked", () => {
    const plain = capture({ format: "pretty" });
    plain.logger.warn("slow upstream", { wait_ms: 12, name: "my host", tags: ["a"], absent: undefined });
    expect(plain.text()).toBe(
      '2026-11-24T06:05:04.321Z WARN  slow upstream wait_ms=12 name="my host" tags=["a"]\n',
    );
    const coloured = capture({ format: "pretty", colour: true });
    coloured.logger.error("broken");
    expect(coloured.text()).toContain("\x1b[31mERROR\x1b[0m broken");
  });

  test("below the level are left out", () => {
    const { logger, text } = capture({ level: "warn" });
    logger.debug("a");
    logger.info("b");
    logger.warn("c");
    logger.error("d");
    expect(
      text()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line).message),
    ).toEqual(["c", "d"]);
  });

  test("fields cannot take the place of time, level and message", () => {
    expect(json({ time: 1, level: "x", message: "y" })).toEqual({
      time: "2026-11-24T06:05:04.321Z",
      level: "info",
      message: "message",
      field_time: 1,
      field_level: "x",
      field_message: "y",
    });
  });

  test("go to stderr where nothing else is said, without colours into a pipe", () => {
    const script = `import { createLogger } from "./src/log.ts"; createLogger({ level: "info", format: "pretty" }).info("hello")`;
    const child = Bun.spawnSync([process.execPath, "-e", script], { cwd: `${import.meta.dir}/..` });
    expect(child.stderr.toString()).toMatch(/^\S+ INFO {2}hello\n$/);
    expect(child.stdout.toString()).toBe("");
  });
});

describe("a reader of stderr", () => {
  const start = (lines: number) =>
    Bun.spawn(
      [
        process.execPath,
        "-e",
        `import { createLogger } from "./src/log.ts";
         const logger = createLogger({ level: "info", format: "json" });
         for (let index = 0; index < ${lines}; index++) logger.info("x".repeat(1000));
         console.log(process.memoryUsage.rss());
         process.stdin.once("data", () => { logger.info("after"); console.log("alive"); process.stdin.destroy(); });`,
      ],
      { cwd: `${import.meta.dir}/..`, stdin: "pipe", stdout: "pipe", stderr: "pipe" },
    );
  const goOn = (child: ReturnType<typeof start>) => {
    child.stdin.write("go\n");
    child.stdin.end();
  };

  test("that goes away does not end the program", async () => {
    const child = start(10);
    await child.stderr.cancel();
    goOn(child);
    expect(await new Response(child.stdout).text()).toContain("alive");
    expect(await child.exited).toBe(0);
  });

  test("that is slow costs entries, which are counted, and no memory", async () => {
    const child = start(60_000);
    const [bytes] = new TextDecoder().decode((await child.stdout.getReader().read()).value).split("\n");
    expect(Number(bytes)).toBeLessThan(110 * 1024 * 1024);
    const output = new Response(child.stderr).text();
    await Bun.sleep(200);
    goOn(child);
    expect(await child.exited).toBe(0);
    const dropped = Number(/"dropped":(\d+)/.exec(await output)?.[1]);
    const written = (await output).match(/x{1000}/g)?.length ?? 0;
    expect(dropped).toBeGreaterThan(0);
    expect(dropped + written).toBe(60_000);
    expect(await output).toContain('"message":"after"');
  });
});

describe("no entry can be forged", () => {
  const hostile = "a\nb\r\n2026-11-24T06:05:04.321Z ERROR forged\u2028\u0085\x1b[2J\u202e\x00\x7f";

  test("by line ends or control characters in message, names or values", () => {
    for (const text of both((logger) =>
      logger.info(hostile, { [hostile]: hostile, deep: { list: [hostile] } }),
    )) {
      expect(text.trimEnd()).toBe(text.slice(0, -1));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(text.slice(0, -1)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]/);
    }
    expect(json({ value: hostile }, hostile)).toMatchObject({ message: hostile, value: hostile });
  });

  test("by an error's message: its stack is indented", () => {
    const { logger, text } = capture({ format: "pretty" });
    logger.error("failed", { error: new Error("first\n2026-11-24T06:05:04.321Z ERROR forged") });
    const lines = text().trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines.slice(1)) expect(line).toStartWith("    ");
  });
});

describe("errors", () => {
  test("have their stack, code and cause", () => {
    const cause = Object.assign(new Error("disk full"), { code: "ENOSPC" });
    const [pretty = "", line = ""] = both((logger) =>
      logger.error("failed", { error: new TypeError("no", { cause }) }),
    );
    expect(pretty).toMatch(/ERROR failed error="?no"?\n {4}TypeError: no\n {6}/);
    expect(pretty).toContain("log.test.ts");
    expect(JSON.parse(line).error).toMatchObject({
      name: "TypeError",
      message: "no",
      stack: expect.stringContaining("log.test.ts"),
      cause: { message: "disk full", code: "ENOSPC" },
    });
  });

  test("the logger itself never throws, whatever it is given", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const unreadable = Object.defineProperty({}, "x", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    const odd = {
      circular,
      unreadable,
      big: 10n,
      symbol: Symbol("s"),
      call: () => 1,
      nan: Number.NaN,
      date: new Date(0),
      wrong: new Date(Number.NaN),
      bytes: new Uint8Array(5),
      lone: "\ud800",
      map: new Map([[1, 2]]),
    };
    const [pretty, line = ""] = both((logger) => logger.info("odd", odd));
    expect(pretty).toContain("odd");
    expect(JSON.parse(line)).toMatchObject({
      big: "10",
      nan: "NaN",
      date: "1970-01-01T00:00:00.000Z",
      wrong: "[unreadable]",
      unreadable: "[unreadable]",
      bytes: "[5 bytes]",
    });
  });

  test("long texts, long lists and deep objects are cut", () => {
    const entry = json({
      text: "x".repeat(100_000),
      list: Array.from({ length: 1000 }, () => 1),
      many: Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`n${index}`, 1])),
    });
    expect(String(entry.text).length).toBeLessThan(8300);
    expect(String(entry.text)).toEndWith("(100000 characters)");
    expect((entry.list as unknown[]).length).toBe(50);
    expect(Object.keys(entry.many as object).length).toBe(50);
  });
});

describe("secrets", () => {
  test("fields by secret names are redacted, at any depth", () => {
    const names = [
      "password",
      "ADMIN_PASSWORD",
      "secret",
      "clientSecret",
      "token",
      "accessToken",
      "authorization",
      "api_key",
      "apiKey",
      "x-api-key",
      "Cookie",
      "set-cookie",
      "credentials",
      "private_key",
    ];
    for (const name of names) {
      for (const text of both((logger) =>
        logger.info("m", { [name]: "hunter22", deep: [{ [name]: { inner: "hunter22" } }] }),
      )) {
        expect(text).not.toContain("hunter22");
        expect(text).toContain("[redacted]");
      }
    }
  });

  test("counts and other names stay", () => {
    const fields = {
      input_tokens: 12,
      outputTokens: 3,
      has_password: true,
      key_id: "k1",
      keyName: "mine",
      author: "me",
    };
    expect(json(fields)).toMatchObject(fields);
  });

  test("a hidden value appears nowhere: message, name, value, number, stack, cause, encodings", () => {
    for (const secret of ["pa$word#1", "12345678", 'quo"te\\s', "ü&=/ ?", "line\nbreak"]) {
      const act = (logger: Logger) => {
        logger.hide(secret);
        logger.error(`message ${secret}.`, {
          [`name ${secret}`]: `before${secret}after`,
          list: [secret, { deep: secret }],
          number: Number(secret),
          json: JSON.stringify({ a: secret }),
          url: `http://x/?q=${encodeURIComponent(secret)}`,
          error: new Error(`failed with ${secret}`, { cause: new Error(secret) }),
        });
      };
      for (const text of both(act)) {
        for (const spelling of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
          expect(text).not.toContain(spelling);
        }
        expect(text.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(8);
      }
    }
  });

  test("of two hidden values one inside the other, neither leaves a rest", () => {
    for (const order of [
      ["abc", "abcdef"],
      ["abcdef", "abc"],
    ]) {
      for (const text of both((logger) => {
        order.forEach(logger.hide);
        logger.info("x abcdef y abc z");
      })) {
        expect(text).toContain("x [redacted] y [redacted] z");
      }
    }
  });

  test("an empty value hides nothing", () => {
    for (const text of both((logger) => {
      logger.hide("");
      logger.info("hello");
    }))
      expect(text).toContain("hello");
  });

  test("what looks like a provider's key is removed though nobody named it", () => {
    const keys = [
      "sk-proj-abcdefghijklmnop1234",
      "sk-ant-api03-abcdefghijkl",
      `AIzaSy${"A1b2C3d4".repeat(4)}`,
      "gsk_abcdefghijklmnop",
      "xai-abcdefghijklmnop",
    ];
    for (const key of keys) {
      for (const text of both((logger) =>
        logger.warn(`Incorrect API key provided: ${key}.`, { body: `{"k":"${key}"}` }),
      )) {
        expect(text).not.toContain(key);
        expect(text).toContain("Incorrect API key provided: [redacted]");
      }
    }
    for (const text of both((logger) => logger.warn("sent Authorization: Bearer abc.def-123456"))) {
      expect(text).toContain("sent Authorization: [redacted]");
    }
    for (const text of both((logger) =>
      logger.info("the task-force-of-many-words risk-management-department"),
    )) {
      expect(text).toContain("the task-force-of-many-words risk-management-department");
    }
  });

  test("a secret across the edge of a long text leaves no part of it", () => {
    const secret = "s3cr3t-value-of-some-length";
    for (const before of [8192 - 10, 2 * 8192 - 10]) {
      for (const text of both((logger) => {
        logger.hide(secret);
        logger.info("m", { text: "x".repeat(before) + secret + "y".repeat(9000) });
      })) {
        expect(text).not.toContain("s3cr");
      }
    }
  });
});
