import { expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";

test("after a restart the dashboard goes on with today's requests and each key's share of them", async () => {
  using upstream = startFakeUpstream();
  const app = await startApp({
    upstream: upstream.url,
    keys: ["key-a-123", "key-b-123"],
    env: { REQUIRE_ADMIN_LOGIN: "false" },
    keepsData: true,
  });
  for (let n = 0; n < 6; n += 1) expect((await app.chat()).status).toBe(200);
  await using again = await app.restart();
  for (let n = 0; n < 2; n += 1) expect((await again.chat()).status).toBe(200);
  const page = await (await fetch(`${again.url}/`)).text();
  // Round robin: four of each.
  expect(page.match(/title="4 attempts"/g)).toHaveLength(2);
  expect(await again.must("GET", "/monitoring")).toMatchObject({ requests: { today: 8 } });
});
