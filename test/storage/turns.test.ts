import { expect, test } from "bun:test";
import { Turns } from "../../src/storage/turns.ts";

test("a free turn begins at once; others wait, first come, first served", async () => {
  const turns = new Turns();
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  const take = (name: string, wait?: Promise<void>) =>
    turns.take(async () => {
      order.push(`${name} begins`);
      await wait;
      order.push(`${name} ends`);
      return name;
    });
  const one = take("1", first.promise);
  expect(order).toEqual(["1 begins"]);
  const others = [take("2"), take("3")];
  await Bun.sleep(1);
  expect(order).toEqual(["1 begins"]);
  first.resolve();
  expect(await Promise.all([one, ...others])).toEqual(["1", "2", "3"]);
  expect(order).toEqual(["1 begins", "1 ends", "2 begins", "2 ends", "3 begins", "3 ends"]);
});

test("a turn that fails goes on to the next", async () => {
  const turns = new Turns();
  const failing = turns.take(() => {
    throw new Error("no");
  });
  const next = turns.take(() => "yes");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("yes");
  expect(await turns.take(() => "again")).toBe("again");
});
