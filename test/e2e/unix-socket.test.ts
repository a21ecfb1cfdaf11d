import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { fromSource, runProgram, temporaryFolder } from "../support/process.ts";

const TOKEN = "test-admin-api-token";
let folder: string;
let path: string;
let env: Record<string, string>;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder, "lb.sock");
  env = { HOST: `unix:${path}`, ADMIN_API_TOKEN: TOKEN, ADMIN_PASSWORD: "a good password" };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ask = (to: string, init: RequestInit = {}) => fetch(`http://localhost${to}`, { ...init, unix: path });
const admin = (method: string, to: string, body?: object) =>
  ask(`/api/admin${to}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

function start() {
  const child = Bun.spawn([...fromSource, "serve"], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: folder, ...env },
    stdout: "pipe",
    stderr: "ignore",
  });
  return { child, ready: child.stdout.getReader().read() };
}

test("serves on a socket for its user and group, with clients as a proxy in front tells them", async () => {
  env.TRUSTED_PROXIES = "127.0.0.1";
  using upstream = startFakeUpstream();
  const { child, ready } = start();
  expect(new TextDecoder().decode((await ready).value)).toContain(`is ready on unix:${path}`);
  expect(statSync(path).mode & 0o777).toBe(0o660);
  expect(await runProgram([...fromSource, "health"], { folder, env })).toMatchObject({
    exitCode: 0,
    stdout: "ok\n",
  });
  await admin("PATCH", "/settings", { api_endpoint: upstream.url });
  await admin("POST", "/keys", { secret: "sk-by-a-socket-1" });
  const answer = await ask("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": "203.0.113.7" },
    body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hi" }] }),
  });
  expect(answer.status).toBe(200);
  const login = await ask("/login", {
    method: "POST",
    headers: { origin: "https://localhost", host: "localhost", "x-forwarded-proto": "https" },
    body: new URLSearchParams({ password: "a good password" }),
    redirect: "manual",
  });
  expect(login.headers.get("set-cookie")).toContain("; Secure");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  expect(existsSync(path)).toBe(false);

  // What a killed process left is in nobody's way.
  const killed = start();
  await killed.ready;
  killed.child.kill("SIGKILL");
  await killed.child.exited;
  expect(existsSync(path)).toBe(true);
  const again = start();
  await again.ready;
  const { data } = (await (await admin("GET", "/logs")).json()) as { data: { client_address: string }[] };
  expect(data[0]?.client_address).toBe("203.0.113.7");
  again.child.kill("SIGTERM");
  expect(await again.child.exited).toBe(0);
});

test("leaves alone what is not its own", async () => {
  using other = Bun.serve({ unix: path, fetch: () => new Response("mine") });
  const taken = await runProgram([...fromSource, "serve"], { folder, env });
  expect([taken.exitCode, taken.stderr]).toEqual([1, expect.stringContaining("is taken by another program")]);
  expect(await (await ask("/")).text()).toBe("mine");
  await other.stop(true);
  writeFileSync(path, "a file");
  const file = await runProgram([...fromSource, "serve"], { folder, env });
  expect([file.exitCode, file.stderr]).toEqual([1, expect.stringContaining("is there and no socket")]);
  expect(existsSync(path)).toBe(true);
});
