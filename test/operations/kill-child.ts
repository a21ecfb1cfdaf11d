/** Changes keys and settings as fast as it can and tells of each change that was acknowledged, until it is killed. */
import { systemClock } from "../../src/clock.ts";
import { openParts } from "../support/admin-server.ts";

const [dir = "", round = ""] = process.argv.slice(2);
const { operations } = await openParts({ dir, clock: { ...systemClock, advance() {}, jump() {} } });
const { keys, settings } = operations;
const say = (told: unknown) => process.stdout.write(`${JSON.stringify(told)}\n`);

for (let n = 0; ; n += 1) {
  const name = `${round}-${n}`;
  const { id } = await keys.add({ secret: `sk-killed-${name}`, name }, "api");
  say({ added: name });
  await keys.edit(id, { weight: (n % 1_000) + 1, enabled: n % 2 === 0 }, "api");
  say({ edited: name, weight: (n % 1_000) + 1, enabled: n % 2 === 0 });
  await settings.patch({ rotation_request_count: (n % 1_000) + 1 }, "api");
  say({ setting: (n % 1_000) + 1 });
  if (n % 3 === 0) {
    await keys.remove([id], "api");
    say({ removed: name });
  }
}
