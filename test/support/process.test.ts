import { afterEach, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import manifest from "../../package.json" with { type: "json" };
import { fromSource, type Program, runProgram, startProgram, temporaryFolder } from "./process.ts";

/** A server that says where it listens, holds 60 MB, stops well on SIGTERM and shows its environment. */
const SERVER = `
  const held = Buffer.alloc(60_000_000, 1);
  const server = Bun.serve({ port: Number(process.env.PORT), hostname: "127.0.0.1", fetch: () => Response.json(process.env) });
  console.error("warming up " + held.length);
  console.log("ready: open http://127.0.0.1:" + server.port + " now");
  process.on("SIGTERM", () => process.exit(7));
`;
const command = [process.execPath, "-e", SERVER];
let program: Program;
afterEach(() => program.kill());

test("waits for the address, shows what the process uses, stops it and removes its folder", async () => {
  program = await startProgram({ command, env: { WORD: "here" } });
  const env = (await (await fetch(program.url)).json()) as Record<string, string>;
  expect(Object.keys(env).toSorted()).toEqual(["HOME", "PATH", "PORT", "WORD"]);
  expect(env.HOME).toBe(program.folder);
  expect(program.output()).toContain("warming up 60000000");
  expect(program.peakRssBytes()).toBeGreaterThan(60_000_000);
  expect(program.rssBytes()).toBeLessThanOrEqual(program.peakRssBytes());
  expect(program.cpuMs()).toBeGreaterThan(0);
  expect(program.exitCode()).toBeNull();
  expect(existsSync(program.folder)).toBe(true);
  expect(await program.stop()).toBe(7);
  expect(program.exitCode()).toBe(7);
  expect(existsSync(program.folder)).toBe(false);
});

test("kill -9 ends it at once; a folder of the caller stays", async () => {
  const folder = temporaryFolder();
  program = await startProgram({ command, folder });
  await program.kill();
  expect(program.exitCode()).toBe(137);
  await expect(fetch(program.url)).rejects.toThrow();
  expect(existsSync(folder)).toBe(true);
  rmSync(folder, { recursive: true });
});

test("a program that ends before it listens is an error that shows its output", async () => {
  const refuses = [process.execPath, "-e", "console.error('PORT: no'); process.exit(1)"];
  await expect(startProgram({ command: refuses })).rejects.toThrow("the program ended with 1:\nPORT: no\n");
  expect(await runProgram(refuses)).toEqual({ exitCode: 1, stdout: "", stderr: "PORT: no\n" });
});

test("runs a command of the program to its end", async () => {
  const finished = await runProgram([...fromSource, "version"]);
  expect(finished).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: "" });
});
