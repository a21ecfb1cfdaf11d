import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  configRows,
  type Environment,
  isLoopback,
  loadConfig,
  readEnvironment,
  secretValues,
} from "../src/config.ts";
import { parseEnvFile } from "../src/env-file.ts";
import { StartError } from "../src/types.ts";

function problemsOf(env: Environment): string {
  try {
    loadConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as StartError).message;
  }
  throw new Error("the configuration was taken");
}

describe("the variables", () => {
  test("have safe defaults", () => {
    const { trustedProxies, ...config } = loadConfig({}, false);
    expect(config).toMatchObject({
      port: 4270,
      host: "127.0.0.1",
      dataDir: resolve("data"),
      requireAdminLogin: true,
      allowOpenProxy: false,
      logLevel: "info",
      logFormat: "json",
      drainTimeoutS: 30,
      warnings: [],
    });
    for (const secret of [
      "adminPassword",
      "adminApiToken",
      "masterApiKey",
      "encryptionKey",
      "metricsToken",
    ] as const) {
      expect(config[secret]).toBeUndefined();
    }
    expect(trustedProxies.has("127.0.0.1")).toBe(false);
    expect(loadConfig({}, true).logFormat).toBe("pretty");
  });

  test("are read, spaces around numbers and names taken off", () => {
    const encryptionKey = Buffer.alloc(32, 7).toString("base64");
    const config = loadConfig({
      PORT: " 0 ",
      HOST: "[::]",
      DATA_DIR: "/var/lib/lb",
      ADMIN_PASSWORD: " pa$word#1 ",
      REQUIRE_ADMIN_LOGIN: "No",
      ADMIN_API_TOKEN: "token",
      MASTER_API_KEY: "sk-master",
      ALLOW_OPEN_PROXY: "1",
      ENCRYPTION_KEY: encryptionKey,
      METRICS_TOKEN: "m",
      LOG_LEVEL: "WARN",
      LOG_FORMAT: "json",
      DRAIN_TIMEOUT_S: "0",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
    });
    expect(config).toMatchObject({
      port: 0,
      host: "::",
      dataDir: resolve("/var/lib/lb"),
      adminPassword: " pa$word#1 ",
      requireAdminLogin: false,
      adminApiToken: "token",
      masterApiKey: "sk-master",
      allowOpenProxy: true,
      encryptionKey,
      metricsToken: "m",
      logLevel: "warn",
      drainTimeoutS: 0,
    });
    expect(secretValues(config).toSorted()).toEqual(
      ["m", "sk-master", "token", " pa$word#1 ", encryptionKey].toSorted(),
    );
  });

  const refused: Record<string, string[]> = {
    PORT: ["65536", "-1", "80.5", "0x50", "1e3", "http", "99999999999999999999"],
    HOST: [
      "unix:",
      "unix:relative",

      "127.0.0.1:80",
      "http://x",
      "a b",
      "-x",
      "::1::",
      "x".repeat(64),
    ],
    DATA_DIR: ["a\0b"],
    REQUIRE_ADMIN_LOGIN: ["maybe", "constructor", "2"],
    ALLOW_OPEN_PROXY: ["of course"],
    LOG_LEVEL: ["trace", "__proto__"],
    LOG_FORMAT: ["xml"],
    DRAIN_TIMEOUT_S: ["3601", "1.5"],
    TRUSTED_PROXIES: ["10.0.0.0/33", "10.0.0.0/8/8", "proxy.example", "::/129", "10.0.0.1/x"],
  };
  for (const [name, values] of Object.entries(refused)) {
    test(`${name} refuses what it cannot use, with the value and the allowed form`, () => {
      for (const value of values) {
        const message = problemsOf({ [name]: value });
        expect(message).toStartWith(`${name}: ${JSON.stringify(value)} cannot be used; give `);
        expect(message).not.toContain("\n");
      }
    });
  }

  test("secrets are refused without being shown", () => {
    const refusedSecrets: Record<string, string> = {
      ADMIN_PASSWORD: "secret7",
      ADMIN_API_TOKEN: "two words",
      MASTER_API_KEY: "kéy-very-secret",
      ENCRYPTION_KEY: Buffer.alloc(31, 1).toString("base64"),
      METRICS_TOKEN: "a\tb",
    };
    for (const [name, value] of Object.entries(refusedSecrets)) {
      const message = problemsOf({ [name]: value });
      expect(message).toStartWith(`${name}: the value (not shown) cannot be used; give `);
      expect(message).not.toContain(value);
    }
  });

  test("TLS needs both files, and the content of one in the place of its path is not shown", () => {
    expect(problemsOf({ TLS_CERT: "/etc/cert.pem" })).toStartWith("TLS_KEY: it is missing beside TLS_CERT");
    expect(problemsOf({ TLS_KEY: "/etc/key.pem" })).toStartWith("TLS_CERT: it is missing beside TLS_KEY");
    expect(problemsOf({ TLS_KEY: "-----BEGIN PRIVATE KEY-----" })).not.toContain("BEGIN");
  });

  test("several problems are all named, one a line", () => {
    const lines = problemsOf({
      PORT: "x",
      ADMIN_PASSWORD: "short",
      HOST: "0.0.0.0",
      LOG_LEVEL: "loud",
    }).split("\n");
    expect(lines.map((line) => line.split(":")[0])).toEqual(["PORT", "ADMIN_PASSWORD", "LOG_LEVEL"]);
  });

  test("a password counts its characters, not its bytes or code units", () => {
    expect(problemsOf({ ADMIN_PASSWORD: "🔑🔑🔑🔑🔑🔑🔑" })).toContain("at least 8 characters");
    expect(loadConfig({ ADMIN_PASSWORD: "🔑🔑🔑🔑🔑🔑🔑🔑" }).adminPassword).toBe("🔑🔑🔑🔑🔑🔑🔑🔑");
  });

  test("an empty one counts as not set", () => {
    const empty = Object.fromEntries(configRows.map((row) => [row.name, ""]));
    expect({ ...loadConfig(empty, true), trustedProxies: null }).toEqual({
      ...loadConfig({}, true),
      trustedProxies: null,
    });
  });
});

describe("the open proxy", () => {
  test("on an address that other machines reach is refused with both ways out", () => {
    for (const HOST of ["0.0.0.0", "::", "192.168.1.5", "proxy.example", "127.1"]) {
      const message = problemsOf({ HOST });
      expect(message).toContain(HOST);
      expect(message).toContain("MASTER_API_KEY");
      expect(message).toContain("ALLOW_OPEN_PROXY=true");
    }
  });

  test("is taken with either, and warned of while it is open", () => {
    expect(loadConfig({ HOST: "0.0.0.0", MASTER_API_KEY: "k" }).warnings).toEqual([]);
    const { warnings } = loadConfig({ HOST: "0.0.0.0", ALLOW_OPEN_PROXY: "true" });
    expect(warnings).toEqual([expect.stringContaining("The proxy is open")]);
    expect(loadConfig({ HOST: "0.0.0.0", ALLOW_OPEN_PROXY: "true", MASTER_API_KEY: "k" }).warnings).toEqual(
      [],
    );
  });

  test("on loopback, in every spelling, needs nothing", () => {
    for (const HOST of [
      "127.0.0.1",
      "127.8.9.10",
      "::1",
      "[::1]",
      "0:0:0:0:0:0:0:1",
      "localhost",
      "LOCALHOST",
    ]) {
      expect(loadConfig({ HOST }).warnings).toEqual([]);
    }
    expect(isLoopback("::ffff:127.0.0.1")).toBe(true);
    expect(isLoopback("localhost.example")).toBe(false);
  });

  test("admin pages without login are warned of where others reach them", () => {
    expect(loadConfig({ REQUIRE_ADMIN_LOGIN: "false" }).warnings).toEqual([]);
    const { warnings } = loadConfig({ REQUIRE_ADMIN_LOGIN: "false", HOST: "::", MASTER_API_KEY: "k" });
    expect(warnings).toEqual([expect.stringContaining("The admin pages are open")]);
  });
});

test("trusted proxies are networks and addresses of both versions", () => {
  const { trustedProxies } = loadConfig({ TRUSTED_PROXIES: "10.0.0.0/8, 192.168.1.7,fd00::/8 ::1" });
  const trusted = ["10.255.0.1", "192.168.1.7", "fd12::1", "::1", "::ffff:10.1.2.3"];
  const others = [
    "11.0.0.1",
    "192.168.1.8",
    "fe80::1",
    "::ffff:11.0.0.1",
    "",
    "unknown",
    "10.0.0.1, 1.2.3.4",
  ];
  expect(trusted.filter((address) => !trustedProxies.has(address))).toEqual([]);
  expect(others.filter((address) => trustedProxies.has(address))).toEqual([]);
});

describe(".env", () => {
  test("is read literally", () => {
    const text = [
      "\uFEFFPLAIN=pa$word#1",
      "  export EXPORTED = a=b==  ",
      'DOUBLE="x # $HOME \\n y"',
      "SINGLE='#'",
      'INNER="pa"ss" # comment',
      'BACK=`it\'s "x"`',
      "COMMENTED=value # comment",
      "# OFF=1",
      "EMPTY=",
      "ONLY_COMMENT= # nothing",
      'OPEN="unterminated',
      "no line of ours",
      "9BAD=1",
      "TWICE=1",
      "TWICE=2",
    ].join("\r\n");
    expect(parseEnvFile(text)).toEqual({
      PLAIN: "pa$word#1",
      EXPORTED: "a=b==",
      DOUBLE: "x # $HOME \\n y",
      SINGLE: "#",
      INNER: 'pa"ss',
      BACK: 'it\'s "x"',
      COMMENTED: "value",
      EMPTY: "",
      ONLY_COMMENT: "",
      OPEN: '"unterminated',
      TWICE: "2",
    });
  });

  test("stands behind the process's environment; a missing file is none", () => {
    const folder = mkdtempSync(join(tmpdir(), "lb-env-"));
    try {
      expect(readEnvironment(folder).PATH).toBe(process.env.PATH!);
      writeFileSync(join(folder, ".env"), "PATH=/nowhere\nLB_TEST_ONLY_HERE=pa$PATH\n");
      const env = readEnvironment(folder);
      expect(env.PATH).toBe(process.env.PATH!);
      expect(env.LB_TEST_ONLY_HERE).toBe("pa$PATH");
      chmodSync(join(folder, ".env"), 0o000);
      if (process.getuid?.() !== 0) expect(() => readEnvironment(folder)).toThrow(StartError);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test(".env.example names every variable of the table, in its order, and changes no default", () => {
    const text = readFileSync(join(import.meta.dir, "../.env.example"), "utf8");
    const values = parseEnvFile(text);
    expect(Object.keys(values)).toEqual(configRows.map((row) => row.name));
    expect({ ...loadConfig(values, true), trustedProxies: null }).toEqual({
      ...loadConfig({}, true),
      trustedProxies: null,
    });
  });
});

test("HOST may be a unix socket, which is open to nobody else, up to what the system has room for", () => {
  expect(loadConfig({ HOST: " unix:/run/lb.sock " }).host).toBe("unix:/run/lb.sock");
  expect(() => loadConfig({ HOST: `unix:/${"x".repeat(103)}` })).toThrow(/^HOST: .* or unix:\/PATH$/);
});
