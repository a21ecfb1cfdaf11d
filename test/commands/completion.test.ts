import { expect, test } from "bun:test";
import { command } from "../support/command.ts";

const scriptFor = async (shell: string) => (await command(["completion", shell])).stdout;

test("bash completes commands, options, and choices; a file is bash's own to complete", async () => {
  const script = await scriptFor("bash");
  const complete = (...words: string[]) => {
    const asked = words.map((word) => `'${word}'`).join(" ");
    const run = `${script}\nCOMP_WORDS=(load-balancer ${asked}); COMP_CWORD=${words.length}; _load_balancer; echo "\${COMPREPLY[@]}"`;
    return Bun.spawnSync(["bash", "-c", run]).stdout.toString().trim().split(" ");
  };
  expect(complete("re")).toEqual(["restore", "reset-password"]);
  expect(complete("import", "--p")).toEqual(["--passphrase-file"]);
  expect(complete("completion", "")).toEqual(["bash", "zsh", "fish"]);
  expect(complete("restore", "")).toEqual([""]);
  expect(complete("nonsense", "-")).toEqual([""]);
});

test("each shell's script knows every command and its options", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const script = await scriptFor(shell);
    for (const word of ["serve", "reset-password", "with-secret-key", "passphrase-file", "licenses"])
      expect([shell, script]).toEqual([shell, expect.stringContaining(word)]);
  }
  const { exitCode, stderr } = await command(["completion", "tcsh"]);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining("Allowed choices are bash, zsh, fish")]);
});
