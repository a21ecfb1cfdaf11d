import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { open, tempFolder } from "./builders.ts";

const CHILD = fileURLToPath(import.meta.resolve("./child.ts"));

const ROUNDS = 6;
const LONGEST_RUN_MS = 300;

test("kill -9 at any moment: every acknowledged change is there, and no half of one", async () => {
  const folder = tempFolder();
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const child = Bun.spawn([process.execPath, CHILD, "write", folder.path], {
      stdout: "pipe",
    });
    const reader = child.stdout.getReader();
    let output = new TextDecoder().decode((await reader.read()).value);
    setTimeout(() => child.kill("SIGKILL"), Math.random() * LONGEST_RUN_MS);
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      output += new TextDecoder().decode(part.value);
    }
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");
    acknowledged.push(...output.split("\n").slice(0, -1));

    const storage = await open(folder);
    const keys = new Set((await storage.keys.list()).map((key) => key.id));
    const states = new Set((await storage.keys.states()).map((state) => state.keyId));
    const missing = acknowledged.filter((id) => !keys.has(id) || !states.has(id));
    expect(missing).toEqual([]);
    // Of the change that was under way at most one is there beyond those told.
    expect(keys.size - acknowledged.length).toBeLessThanOrEqual(round + 1);
    for (const id of states) {
      expect((await storage.requestLogs.get(`${id}.19`))?.attempts.length).toBe(1);
    }
    expect((await storage.settings.all()).last).toBeDefined();
    storage.close();
  }
  expect(acknowledged.length).toBeGreaterThan(ROUNDS);
  folder.remove();
});
