import { expect } from "bun:test";
import { launchBrowser } from "../support/browser.ts";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { ok } from "../support/openai-answers.ts";
import { unauthorized } from "../support/openai-errors.ts";
import { needsTool } from "../support/tools.ts";

const chromium = needsTool("chromium", "chromium");

chromium.test("log in, add keys, ask, see what happened: the executable in a browser", async () => {
  using upstream = startFakeUpstream({ keys: { "good-key-1": ok(), "revoked-key-1": unauthorized() } });
  await using program = await startExecutable();
  await program.setUp(upstream.url, [], { rotation_request_count: 1 });
  await using browser = await launchBrowser(chromium.path);
  const { page, expectNoProblems } = await browser.open();

  // Who is not logged in is led to the login, and from there to where they wanted.
  await page.goto(`${program.url}/keys`);
  expect(await page.title()).toBe("Log in · Load Balancer");
  await page.getByLabel("Password").fill("a good password");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(`${program.url}/keys`);

  // Add one.
  await page.getByRole("button", { name: "Add key" }).first().click();
  await page.getByLabel("Secret").fill("revoked-key-1");
  await page.getByLabel("Name", { exact: true }).fill("the revoked one");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("row", { name: /the revoked one/ }).waitFor();

  // Paste another, and a line that is no key.
  await page.getByRole("button", { name: "Paste many" }).click();
  await page.locator("textarea").fill("good-key-1\nnot a key at all\n");
  await page.locator("dialog button[type=submit], form button[type=submit]").last().click();
  await page.getByText("malformed", { exact: false }).first().waitFor();

  // A chat round from the page itself: it is of this machine, so the open proxy lets it in.
  const answer = await page.evaluate(async () => {
    const response = await fetch("/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "from the browser" }] }),
    });
    return {
      status: response.status,
      attempts: response.headers.get("x-lb-attempts"),
      text: await response.text(),
    };
  });
  expect(answer.status).toBe(200);
  expect(answer.attempts).toBe("2");
  expect(answer.text).toContain("from the browser");

  // The page shows by itself what became of the key, and why.
  await page.goto(`${program.url}/keys`);
  const row = page.getByRole("row", { name: /the revoked one/ });
  await row.getByText("Invalid").waitFor();
  await page.getByRole("link", { name: /^the revoked one/ }).click();
  await page.getByText("401", { exact: false }).first().waitFor();

  await page.goto(program.url);
  await page.getByText("1 of 2").waitFor();

  // Switch the good one off by hand; the key is asked no more.
  await page.goto(`${program.url}/keys`);
  await page
    .getByRole("row", { name: /key-01|good/ })
    .getByRole("button", { name: "Disable" })
    .click();
  await page.getByText("Disabled").first().waitFor();
  expect((await program.keys()).map(({ status }) => status).sort()).toEqual(["disabled", "invalid"]);
  expectNoProblems();
});
