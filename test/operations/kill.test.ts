import { expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/clock.ts";
import { openParts } from "../support/admin-server.ts";

const CHILD = fileURLToPath(import.meta.resolve("./kill-child.ts"));
const ROUNDS = 4;

interface Told {
  added?: string;
  edited?: string;
  weight?: number;
  enabled?: boolean;
  setting?: number;
  removed?: string;
}

test("kill -9 at any moment loses no change that was acknowledged", async () => {
  const dir = mkdtempSync(join(tmpdir(), "lb-kill-"));
  const wanted = new Map<string, { weight: number; enabled: boolean }>();
  const gone = new Set<string>();
  let acknowledged = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const told = await killAfter(dir, round, 40 + round * 37);
    acknowledged += told.length;
    for (const { added, edited, weight = 0, enabled = true, removed } of told) {
      if (added !== undefined) wanted.set(added, { weight: 1, enabled: true });
      if (edited !== undefined) wanted.set(edited, { weight, enabled });
      if (removed !== undefined) gone.add(removed);
    }
    const setting = told.findLast((one) => one.setting !== undefined)?.setting;

    const parts = await openParts({ dir, clock: { ...systemClock, advance() {}, jump() {} } });
    const found = new Map(parts.pool.views().map((key) => [key.name, key]));
    const last = told.findLast((one) => one.added !== undefined)?.added ?? "";
    for (const [name, { weight, enabled }] of wanted) {
      if (gone.has(name)) continue;
      // Of the last one, what was not acknowledged any more may have happened or not.
      if (name === last) continue;
      expect([name, found.get(name)?.weight, found.get(name)?.enabled]).toEqual([name, weight, enabled]);
    }
    for (const name of gone) expect([name, found.has(name)]).toEqual([name, false]);
    expect(parts.settings.current.rotationRequestCount).toBeGreaterThanOrEqual(setting ?? 1);
    parts.close(round === ROUNDS - 1 ? undefined : "keep");
  }
  expect(acknowledged).toBeGreaterThan(ROUNDS * 40);
});

/** What the child acknowledged until it was killed, which happens as soon as so many lines have come. */
async function killAfter(dir: string, round: number, lines: number): Promise<Told[]> {
  const child = Bun.spawn([process.execPath, CHILD, dir, String(round)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const decoder = new TextDecoder();
  let text = "";
  const reader = child.stdout.getReader();
  for (let part = await reader.read(); part.value !== undefined; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true });
    if (text.split("\n").length > lines) child.kill(9);
  }
  await child.exited;
  const whole = text.slice(0, text.lastIndexOf("\n"));
  return whole.split("\n").map((line) => JSON.parse(line) as Told);
}
