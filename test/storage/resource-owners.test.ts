import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { systemClock } from "../../src/clock.ts";
import { openStorage } from "../../src/storage/storage.ts";
import { temporaryFolder } from "../support/process.ts";

test("owners are found again, forgotten by age, and the oldest beyond a count", async () => {
  const folder = temporaryFolder();
  const path = `${folder}/x.db`;
  const { resourceOwners, close } = await openStorage({ path, clock: systemClock });
  const owner = (n: number) => ({ id: `file-${n}`, keyId: `key-${n % 3}`, seenAt: 1_000 + n });
  await resourceOwners.write(Array.from({ length: 100 }, (_, n) => owner(n)));
  await resourceOwners.write([{ ...owner(7), keyId: "key-other", seenAt: 5_000 }]);
  expect(await resourceOwners.find("file-7", 0)).toEqual({ id: "file-7", keyId: "key-other", seenAt: 5_000 });
  expect(await resourceOwners.find("file-3", 1_004)).toBeNull();
  expect(await resourceOwners.find("file-none", 0)).toBeNull();
  await resourceOwners.forget(1_050, 20);
  const left: number[] = [];
  for (let n = 0; n < 100; n += 1) if ((await resourceOwners.find(`file-${n}`, 0)) !== null) left.push(n);
  expect(left).toEqual([7, ...Array.from({ length: 19 }, (_, n) => 81 + n)]);
  close();
  const again = await openStorage({ path, clock: systemClock });
  expect((await again.resourceOwners.find("file-99", 0))?.keyId).toBe("key-0");
  again.close();
  rmSync(folder, { recursive: true, force: true });
});
