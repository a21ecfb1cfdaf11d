import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadTls } from "../../src/tls.ts";
import { StartError } from "../../src/types.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { chatStream } from "../support/openai-streams.ts";
import { fromSource, type Program, runProgram, startProgram } from "../support/process.ts";
import { needsTool } from "../support/tools.ts";

const FOLDER = join(import.meta.dir, "../fixtures/tls");
const file = (name: string) => join(FOLDER, name);
const ca = readFileSync(file("ca.pem"), "utf8");
const TOKEN = "test-admin-api-token";
const PASSWORD = "a good password";
const openssl = needsTool("openssl", "openssl");

const upstream = startFakeUpstream({ fallback: chatStream(["Hel", "lo"]) });
let program: Program;
let env: Record<string, string>;
beforeAll(async () => {
  env = {
    TLS_CERT: file("localhost.pem"),
    TLS_KEY: file("localhost.key"),
    ADMIN_API_TOKEN: TOKEN,
    ADMIN_PASSWORD: PASSWORD,
  };
  program = await startProgram({ env });
});
afterAll(async () => {
  await program.stop();
  upstream.down();
});

const ask = (path: string, init: RequestInit = {}) =>
  fetch(program.url + path, { redirect: "manual", ...init, tls: { ca } });

test("the start line says https, and a client that checks the certificate is served", async () => {
  expect(program.url).toStartWith("https://127.0.0.1:");
  expect((await ask("/health")).status).toBe(200);
  await expect(fetch(`${program.url}/health`)).rejects.toThrow();
});

openssl.test("openssl verifies the certificate, with TLS 1.3 and not below 1.2", async () => {
  const { host } = new URL(program.url);
  const connect = async (...options: string[]) => {
    const command = [openssl.path, "s_client", "-connect", host, "-CAfile", file("ca.pem"), "-brief"];
    const child = Bun.spawn([...command, "-verify_return_error", ...options], {
      stdin: new Blob(["Q\n"]),
      stdout: "pipe",
      stderr: "pipe",
    });
    return `${await new Response(child.stdout).text()}${await new Response(child.stderr).text()}`;
  };
  const said = await connect("-servername", "localhost", "-verify_hostname", "localhost");
  expect(said).toContain("Verification: OK");
  expect(said).toContain("TLSv1.3");
  expect(await connect("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")).not.toContain("CONNECTION ESTABLISHED");
});

test("a stream passes, and the session's cookie goes over https only", async () => {
  const api = (method: string, path: string, body: unknown) =>
    ask(`/api/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(body),
    });
  await api("PATCH", "/settings", { api_endpoint: upstream.url });
  await api("POST", "/keys", { secret: "sk-over-tls-0001" });
  const answer = await ask("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "hi" }] }),
  });
  expect(await answer.text()).toEndWith("data: [DONE]\n\n");

  const login = await ask("/login", {
    method: "POST",
    headers: { origin: program.url },
    body: new URLSearchParams({ password: PASSWORD }),
  });
  expect(login.status).toBe(303);
  expect(login.headers.get("set-cookie")).toContain("; Secure");
});

test("the command health finds it, and says so where nothing serves", async () => {
  const { port } = new URL(program.url);
  const good = await runProgram([...fromSource, "health"], { env: { ...env, PORT: port } });
  expect([good.exitCode, good.stdout, good.stderr]).toEqual([0, "ok\n", ""]);
  const bad = await runProgram([...fromSource, "health"], { env: { PORT: "9" } });
  expect(bad.exitCode).toBe(1);
  expect(bad.stderr).toMatch(/^http:\/\/127.0.0.1:9\/health did not answer \(\w+\)\n$/);
});

test("files that cannot be used stop the start with what to do", async () => {
  const now = Date.parse("2026-12-01");
  const problem = (cert: string, key: string) => {
    try {
      return loadTls({ cert: file(cert), key: file(key) }, now).warning;
    } catch (error) {
      expect(error).toBeInstanceOf(StartError);
      return (error as Error).message.replaceAll(`${FOLDER}/`, "");
    }
  };
  expect(problem("localhost.pem", "localhost.key")).toBeNull();
  expect(problem("localhost.pem", "other.key")).toStartWith(
    "TLS_KEY: other.key is not the key of the first certificate in localhost.pem; ",
  );
  expect(problem("none.pem", "other.key")).toBe(
    "TLS_CERT: none.pem cannot be read (ENOENT); give a PEM file that this user may read",
  );
  expect(problem("README.md", "other.key")).toBe("TLS_CERT: README.md holds no certificate; give a PEM file");
  expect(problem("localhost.pem", "ca.pem")).toBe(
    "TLS_KEY: ca.pem holds no private key without passphrase; give a PEM file",
  );
  expect(problem("expired.pem", "expired.key")).toContain("has ended: clients will refuse it");
  const soon = Date.parse("2126-10-25");
  const { warning } = loadTls({ cert: file("localhost.pem"), key: file("localhost.key") }, soon);
  expect(warning).toContain("ends in 6 days");

  const stopped = await runProgram([...fromSource, "serve"], {
    env: { TLS_CERT: file("localhost.pem"), TLS_KEY: file("other.key") },
  });
  expect([stopped.exitCode, stopped.stdout]).toEqual([1, ""]);
  expect(stopped.stderr).toContain("TLS_KEY: ");
});
