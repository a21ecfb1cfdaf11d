import { describe, expect, test } from "bun:test";
import { aliasLines } from "../src/setting-lines.ts";
import { boolean, map, number, Problem, type SettingType, text } from "../src/setting-types.ts";
import {
  createSettings,
  defaultSettings,
  parseSettingsPatch,
  SETTING_GROUPS,
  type SettingName,
  type Settings,
  settingRows,
  toJson,
  toStored,
} from "../src/settings.ts";
import { InputError, STRATEGIES, type Strategy } from "../src/types.ts";

function fieldsOf(patch: unknown): Record<string, string> {
  try {
    parseSettingsPatch(patch);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).fields;
  }
  throw new Error("the patch was taken");
}

describe("the table", () => {
  test("its defaults are what the product promises", () => {
    expect(toJson(defaultSettings)).toEqual({
      api_endpoint: "https://generativelanguage.googleapis.com/v1beta/openai",
      strategy: "round_robin",
      rotation_request_count: 5,
      max_failure_count: 3,
      rate_limit_cooldown_s: 60,
      max_key_switches: 100,
      max_retries: 3,
      retry_deadline_ms: 30_000,
      failover_delay_ms: 0,
      key_probe_interval_s: 300,
      queue_timeout_ms: 2_000,
      queue_size: 1_000,
      client_requests_per_minute: 0,
      model_aliases: {},
      model_fallbacks: {},
      connect_timeout_ms: 10_000,
      first_byte_timeout_ms: 600_000,
      stream_first_byte_timeout_ms: 120_000,
      idle_stream_timeout_ms: 120_000,
      max_request_body_bytes: 67_108_864,
      max_upload_bytes: 536_870_912,
      cors_allowed_origins: "",
      model_prices: {},
      daily_reset_time_zone: "UTC",
      default_daily_limit: null,
      log_retention_days: 30,
      log_max_size_mb: 2_048,
      archive_before_delete: false,
      log_bodies: false,
      backup_schedule: null,
      backup_keep: 7,
      alert_webhook_url: null,
      alert_webhook_secret: null,
      alert_min_usable_keys: 1,
      alert_error_rate_percent: 50,
      theme: "auto",
    });
  });

  test("a secret is stored and shows itself nowhere; what was shown, sent back, leaves it as it is", () => {
    const patch = parseSettingsPatch({ alert_webhook_secret: "a good long secret" });
    expect(toStored(patch)).toEqual({ alert_webhook_secret: "a good long secret" });
    expect(patch.alertWebhookSecret?.reveal()).toBe("a good long secret");
    expect(`${JSON.stringify(toJson(patch))}${patch.alertWebhookSecret}${Bun.inspect(patch)}`).not.toContain(
      "good",
    );
    expect(parseSettingsPatch({ alert_webhook_secret: "[hidden]" })).toEqual({});
    expect(parseSettingsPatch({ alert_webhook_secret: '"[hidden]"' })).toEqual({});
    expect(parseSettingsPatch({ alert_webhook_secret: "" })).toEqual({ alertWebhookSecret: null });
    expect(parseSettingsPatch({ alert_webhook_url: "https://hooks.example/a/?b=c" })).toEqual({
      alertWebhookUrl: "https://hooks.example/a/?b=c",
    });
  });

  test("every default is a value that its own check takes, and every row says what it does", () => {
    for (const row of settingRows) {
      expect([row.name, row.type.read(row.default)]).toEqual([row.name, row.default]);
      expect(row.help).toMatch(/^[A-Z].{20,}\.$/);
      expect(Object.keys(SETTING_GROUPS)).toContain(row.group);
    }
  });

  test("names are snake_case outside and camelCase inside", () => {
    expect(settingRows.find((row) => row.name === "stream_first_byte_timeout_ms")?.property).toBe(
      "streamFirstByteTimeoutMs",
    );
    expect(defaultSettings.rateLimitCooldownS).toBe(60);
  });

  test("types are as narrow as the rows", () => {
    const strategy: Strategy = defaultSettings.strategy;
    const limit: number | null = defaultSettings.defaultDailyLimit;
    // @ts-expect-error: no string is a theme by itself
    const theme: Settings["theme"] = String("dark");
    expect([strategy, limit, theme]).toEqual(["round_robin", null, "dark"]);
  });
});

describe("a patch", () => {
  test("takes JSON values and a form's text alike", () => {
    const expected = {
      rotationRequestCount: 7,
      defaultDailyLimit: 100,
      theme: "dark",
      apiEndpoint: "http://127.0.0.1:11434/v1",
    } as const;
    const json = {
      rotation_request_count: 7,
      default_daily_limit: 100,
      theme: "dark",
      api_endpoint: "http://127.0.0.1:11434/v1",
    };
    expect(parseSettingsPatch(json)).toEqual(expected);
    const form = {
      ...json,
      rotation_request_count: " 7 ",
      default_daily_limit: "100",
      api_endpoint: " http://127.0.0.1:11434/v1// ",
    };
    expect(parseSettingsPatch(form)).toEqual(expected);
    expect(parseSettingsPatch({})).toEqual({});
  });

  test("null and an empty text go back to the default", () => {
    expect(parseSettingsPatch({ max_retries: null, default_daily_limit: "", theme: "" })).toEqual({
      maxRetries: 3,
      defaultDailyLimit: null,
      theme: "auto",
    });
  });

  test("is all or nothing: every wrong field is named with what it may be", () => {
    const fields = fieldsOf({
      max_retries: 11,
      rotation_request_count: "5.5",
      strategy: "fastest",
      daily_reset_time_zone: "Mars/Olympus",
      colour: "red",
      maxRetries: 1,
      __proto__x: 1,
      theme: "dark",
    });
    expect(fields).toEqual({
      max_retries: "give a whole number from 0 to 10",
      rotation_request_count: "give a whole number from 1 to 1000",
      strategy: `give one of ${STRATEGIES.join(", ")}`,
      daily_reset_time_zone: "give a time zone by its IANA name, such as UTC or Europe/Berlin",
      colour: "there is no such setting",
      maxRetries: "there is no such setting",
      __proto__x: "there is no such setting",
    });
  });

  test("names such as __proto__ and constructor are unknown settings, no more", () => {
    const hostile: unknown = JSON.parse('{"__proto__":{"maxRetries":0},"constructor":1}');
    expect(Object.entries(fieldsOf(hostile)).length).toBe(2);
    expect(({} as Record<string, unknown>).maxRetries).toBeUndefined();
  });

  test("that is no object is refused", () => {
    for (const patch of [null, undefined, 5, "max_retries=1", [], [["max_retries", 1]]]) {
      expect(() => parseSettingsPatch(patch)).toThrow(InputError);
    }
  });

  test("numbers: only whole ones in their range, at both its ends", () => {
    for (const value of [1, 86_400, "1", "86400"])
      expect(parseSettingsPatch({ rate_limit_cooldown_s: value })).toEqual({
        rateLimitCooldownS: Number(value),
      });
    const wrong = [
      0,
      86_401,
      1.5,
      "1e3",
      "0x10",
      "-1",
      "60s",
      true,
      {},
      [60],
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "9".repeat(400),
      "６０",
    ];
    for (const value of wrong)
      expect(Object.keys(fieldsOf({ rate_limit_cooldown_s: value }))).toEqual(["rate_limit_cooldown_s"]);
  });

  test("the address of the upstream: http(s), no credentials, no query, no fragment", () => {
    const taken: [string, string][] = [
      ["https://api.openai.com/v1/", "https://api.openai.com/v1"],
      ["HTTP://LocalHost:8000", "http://localhost:8000"],
      ["https://[::1]:8443/v1///", "https://[::1]:8443/v1"],
    ];
    for (const [given, expected] of taken)
      expect(parseSettingsPatch({ api_endpoint: given }).apiEndpoint).toBe(expected);
    const wrong = [
      "ftp://x/v1",
      "javascript:alert(1)",
      "api.openai.com/v1",
      "//api.openai.com",
      "https://",
      "https://user:pass@x/v1",
      "https://user@x/v1",
      "https://x/v1?key=1",
      "https://x/v1?",
      "https://x/v1#a",
      "https://x:99999/",
      `https://x/${"a".repeat(3000)}`,
      5,
      {},
    ];
    for (const given of wrong)
      expect(Object.keys(fieldsOf({ api_endpoint: given }))).toEqual(["api_endpoint"]);
  });

  test("the check handed in decides about the address, which it sees without its last slash", () => {
    const seen: string[] = [];
    const check = (url: string) => {
      seen.push(url);
      return url.includes("169.254.") ? "this address is not allowed" : null;
    };
    expect(() => parseSettingsPatch({ api_endpoint: "http://169.254.169.254/latest/" }, check)).toThrow(
      InputError,
    );
    expect(parseSettingsPatch({ api_endpoint: "http://10.0.0.1/" }, check)).toEqual({
      apiEndpoint: "http://10.0.0.1",
    });
    // Another spelling of the same number reaches the check in its usual form.
    expect(() => parseSettingsPatch({ api_endpoint: "http://0xa9fea9fe/" }, check)).toThrow(InputError);
    expect(seen).toEqual(["http://169.254.169.254/latest", "http://10.0.0.1", "http://169.254.169.254"]);
  });

  test("time zones by IANA name only", () => {
    expect(parseSettingsPatch({ daily_reset_time_zone: "america/los_angeles" }).dailyResetTimeZone).toBe(
      "America/Los_Angeles",
    );
    for (const zone of ["+02:00", "UTC+2", "local", 2, {}]) {
      expect(Object.keys(fieldsOf({ daily_reset_time_zone: zone }))).toEqual(["daily_reset_time_zone"]);
    }
  });

  test("what is stored of it: values at their default are removed", () => {
    expect(
      toStored(parseSettingsPatch({ max_retries: 3, theme: "dark", default_daily_limit: null })),
    ).toEqual({
      max_retries: null,
      theme: "dark",
      default_daily_limit: null,
    });
  });
});

describe("live settings", () => {
  test("begin with the stored values; those that cannot be used any more are named and the default holds", () => {
    const live = createSettings({
      max_retries: 0,
      strategy: "fastest",
      log_prompts: true,
      theme: 5,
      default_daily_limit: 9,
    });
    expect(live.current).toEqual({ ...defaultSettings, maxRetries: 0, defaultDailyLimit: 9 });
    expect(live.ignored.toSorted()).toEqual(["log_prompts", "strategy", "theme"]);
  });

  test("a change is seen at once, by listeners too, and who kept the old state keeps it", () => {
    const live = createSettings({});
    const before = live.current;
    const seen: [number, number][] = [];
    const stop = live.onChange((next, previous) => seen.push([next.maxRetries, previous.maxRetries]));
    live.replace({ ...live.current, maxRetries: 9 });
    stop();
    live.replace({ ...live.current, maxRetries: 1 });
    expect(seen).toEqual([[9, 3]]);
    expect(before.maxRetries).toBe(3);
    expect(live.current.maxRetries).toBe(1);
    expect(() => Object.assign(live.current, { maxRetries: 5 })).toThrow(TypeError);
  });
});

describe("kinds that wait for their first setting", () => {
  const problemOf = <T>(type: SettingType<T>, input: unknown) => {
    const value = type.read(input);
    return value instanceof Problem ? value.text : null;
  };

  test("booleans from JSON and from a checkbox", () => {
    expect([true, "true", "on", false, "false"].map((value) => boolean().read(value))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    for (const wrong of [1, "yes", null, {}]) expect(problemOf(boolean(), wrong)).toBe("give true or false");
  });

  test("numbers with fractions, text up to its length", () => {
    expect([0.5, "0.5", 2].map((value) => number(0, 2, "usd").read(value))).toEqual([0.5, 0.5, 2]);
    for (const wrong of [2.1, "x", "", Number.NaN, "0.5.1"])
      expect(problemOf(number(0, 2, "usd"), wrong)).not.toBeNull();
    expect(text(3).read("abc")).toBe("abc");
    for (const wrong of ["abcd", 5, null]) expect(problemOf(text(3), wrong)).not.toBeNull();
  });

  test("maps from an object and from a form's JSON text, each entry checked", () => {
    const aliases = map(
      (value) => (typeof value === "string" ? value : new Problem("give a model's name")),
      aliasLines,
    );
    const read = (input: unknown) => ({ ...(aliases.read(input) as Record<string, string>) });
    expect(read({ a: "b" })).toEqual({ a: "b" });
    expect(read('{"a":"b"}')).toEqual({ a: "b" });
    expect(Object.keys(read('{"__proto__":"b"}'))).toEqual(["__proto__"]);
    expect(problemOf(aliases, { a: 5 })).toBe('"a": give a model\'s name');
    for (const wrong of ["{", [], 5, null, undefined])
      expect(problemOf(aliases, wrong)).toStartWith("give a JSON object");
    expect(problemOf(aliases, { a: "x".repeat(70_000) })).toStartWith("give a JSON object");
    for (const wrong of ["[]", "null"]) expect(problemOf(aliases, wrong)).toStartWith("line 1: write asked");
  });

  test("maps from lines, as people write them, and back", () => {
    const typeOf = (name: SettingName) => settingRows.find((row) => row.name === name)!.type;
    const cases: [SettingName, string, object][] = [
      [
        "model_aliases",
        "gpt-4 = gpt-4o\nfast = llama-3.3-70b @ Groq\nclaude = claude@20240620",
        {
          "gpt-4": "gpt-4o",
          fast: { model: "llama-3.3-70b", upstream: "Groq" },
          claude: "claude@20240620",
        },
      ],
      ["model_fallbacks", "gpt-4o = gpt-4.1, gpt-4o-mini", { "gpt-4o": ["gpt-4.1", "gpt-4o-mini"] }],
      [
        "model_prices",
        "mine = input 0.5, output 2\nother = input 3, cached_input 0.3, output 15",
        {
          mine: { input: 0.5, output: 2 },
          other: { input: 3, cached_input: 0.3, output: 15 },
        },
      ],
    ];
    for (const [name, lines, value] of cases) {
      const type = typeOf(name);
      const read = type.read(`\n${lines.replaceAll("\n", "\r\n\r\n")}\n`);
      expect([name, { ...(read as object) }]).toEqual([name, value]);
      expect(type.write?.(read)).toBe(lines);
      // The example that the form shows is one that it takes.
      expect(problemOf(type, type.lines?.example)).toBeNull();
    }
    const problems: [SettingName, string, string][] = [
      ["model_aliases", "a = b\n\nc", "line 3: write asked = served"],
      ["model_aliases", "a = b\na = c", 'line 2: "a" stands in line 1 already'],
      ["model_aliases", "a = b @ c @ d", "line 1: write asked = served"],
      ["model_fallbacks", "a = b,, c", "line 1: write model = first"],
      ["model_prices", "a = input 1, output 2\nb = 5", "line 2: write model = input"],
      ["model_prices", "a = input 1, price 2", "line 1: write model = input"],
    ];
    for (const [name, text, problem] of problems) {
      expect([name, problemOf(typeOf(name), text)]).toEqual([name, expect.stringContaining(problem)]);
    }
    const origins = typeOf("cors_allowed_origins");
    expect(origins.write?.(origins.read(origins.lines?.example))).toBe(origins.lines!.example);
    expect(problemOf(origins, "https://a.example\nb.example")).toStartWith('"b.example" is no origin');
  });
});
