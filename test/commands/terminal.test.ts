import { expect, test } from "bun:test";
import { progressOf } from "../../src/commands/progress.ts";
import { createTerminal } from "../../src/commands/terminal.ts";

function recorded(isTTY: boolean) {
  const said: string[] = [];
  const write = (text: string | Uint8Array) => said.push(String(text)) > 0;
  const line = (text: string) => void said.push(`${text}\n`);
  return {
    said,
    terminal: createTerminal({ write, isTTY } as NodeJS.WriteStream, { log: line, error: line }),
  };
}

test("on a terminal progress is a bar in its line, which the next line takes the place of", () => {
  const { said, terminal } = recorded(true);
  terminal.progress.show(0.25, "checked: 1,000 of 4,000 rows");
  terminal.progress.show(1, "checked: 4,000 of 4,000 rows");
  terminal.print("done");
  terminal.tell("more");
  expect(said).toEqual([
    "\r\u001b[2K██████░░░░░░░░░░░░░░░░░░ 25 %  checked: 1,000 of 4,000 rows",
    "\r\u001b[2K████████████████████████ 100 %  checked: 4,000 of 4,000 rows",
    "\r\u001b[2K",
    "done\n",
    "more\n",
  ]);
});

test("elsewhere it is a line now and then", () => {
  const { said, terminal } = recorded(false);
  expect(terminal.progress.everyMs).toBe(1_000);
  const show = progressOf({ progress: { ...terminal.progress, everyMs: 0 } });
  show(500, 2_000, "requests");
  show(0, 0, "rows", "taken in");
  terminal.print("done");
  expect(said).toEqual(["500 of 2,000 requests (25 %)\n", "taken in: 0 of 0 rows (100 %)\n", "done\n"]);
});
