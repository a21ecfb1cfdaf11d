import { describe, expect, test } from "bun:test";
import { InputError, StartError } from "../../src/types.ts";
import { version } from "../../src/version.ts";
import { command } from "../support/command.ts";

describe("the command line", () => {
  test("serves where nothing is said", async () => {
    expect(await command([])).toEqual({ exitCode: 0, stdout: "served", stderr: "" });
    expect((await command(["serve"])).stdout).toBe("served");
  });

  test("tells its version, also as JSON", async () => {
    for (const args of [["version"], ["-v"], ["--version"]])
      expect(await command(args)).toEqual({ exitCode: 0, stdout: version, stderr: "" });
    expect(JSON.parse((await command(["version", "--json"])).stdout)).toEqual({ version });
  });

  test("help names every command, every variable and the exit codes; each command has its own", async () => {
    for (const args of [["help"], ["-h"], ["--help"]]) {
      const { exitCode, stdout } = await command(args);
      expect(exitCode).toBe(0);
      for (const word of ["serve", "version", "DATA_DIR", "Exit codes"]) expect(stdout).toContain(word);
    }
    for (const args of [
      ["help", "serve"],
      ["serve", "--help"],
    ]) {
      const { exitCode, stdout } = await command(args);
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining("Usage: load-balancer serve")]);
    }
  });

  const wrong: { args: string[]; says: string }[] = [
    { args: ["srve"], says: "Unknown command: srve. Did you mean serve?" },
    { args: ["help", "srve"], says: "Unknown command: srve." },
    { args: ["version", "--jsn"], says: "Unknown option '--jsn'. Did you mean --json?" },
    { args: ["serve", "now"], says: "Too many arguments" },
    { args: ["import"], says: "Missing required argument 'file'. `load-balancer help import` tells more." },
    { args: ["--loud"], says: "Unknown option '--loud'." },
  ];
  for (const { args, says } of wrong) {
    test(`wrong usage is exit 2 and one line: ${args.join(" ")}`, async () => {
      const { exitCode, stdout, stderr } = await command(args);
      expect([exitCode, stdout]).toEqual([2, ""]);
      expect(stderr).toStartWith(says);
      expect(stderr).toContain("`load-balancer help");
      expect(stderr.split("\n")).toHaveLength(1);
    });
  }

  const failures: { error: unknown; says: string | RegExp }[] = [
    { error: new StartError("No room: make some."), says: "No room: make some." },
    { error: new InputError("Wrong.", { port: "give one" }), says: "Wrong. port: give one." },
    { error: new TypeError("x is undefined"), says: /^A fault of this program.*x is undefined \(at .*\)$/ },
  ];
  for (const { error, says } of failures) {
    test(`a failure is exit 1 and one line: ${error}`, async () => {
      const failing = { serve: () => Promise.reject(error) };
      const { exitCode, stdout, stderr } = await command(["serve"], {}, failing);
      expect([exitCode, stdout, stderr]).toEqual([
        1,
        "",
        typeof says === "string" ? says : expect.stringMatching(says),
      ]);
    });
  }
});
