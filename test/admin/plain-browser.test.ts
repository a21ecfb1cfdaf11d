import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { APP_PASSWORD, startApp } from "../support/app.ts";
import { launchBrowser } from "../support/browser.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { openAiError } from "../support/openai-errors.ts";
import { chatStream } from "../support/openai-streams.ts";
import { needsTool } from "../support/tools.ts";

const chromium = needsTool("chromium", "chromium");
const row = (page: Page, name: string) => page.locator("tr", { hasText: name });

chromium.test(
  "without scripts: log in, add and paste keys, switch, edit and delete them, ask, find a failure, save settings, log out",
  async () => {
    using upstream = startFakeUpstream();
    await using app = await startApp({ upstream: upstream.url });
    await using browser = await launchBrowser(chromium.path);
    const { page, problems } = await browser.open({ javaScript: false });
    await page.goto(`${app.url}/keys`);
    await page.getByLabel("Password").fill(APP_PASSWORD);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL(`${app.url}/keys`);

    await page.getByRole("button", { name: "Add key" }).first().click();
    await page.getByLabel("Secret").fill("short");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Give 8 to 500 characters.").waitFor();
    await page.getByLabel("Secret").fill("sk-without-scripts-1");
    await page.getByLabel("Name").fill("plain-key");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("plain-key added.").waitFor();
    await page.getByRole("button", { name: "Paste many" }).click();
    await page
      .getByLabel("Keys", { exact: true })
      .fill("one=sk-pasted-000000001\nshort\nsk-pasted-000000002");
    await page.getByRole("button", { name: "Add keys" }).click();
    await page.getByRole("heading", { name: "2 keys added" }).waitFor();

    await page.goto(`${app.url}/keys`);
    await row(page, "plain-key").getByRole("button", { name: "Disable" }).click();
    await page.getByText("plain-key disabled.").waitFor();
    await row(page, "plain-key").getByRole("button", { name: "Enable" }).click();
    await page.getByText("plain-key enabled.").waitFor();
    await row(page, "plain-key").getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Name").fill("plain-renamed");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "plain-renamed" }).waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByText("plain-renamed deleted.").waitFor();
    expect(new URL(page.url()).pathname).toBe("/keys");
    await page.getByLabel("Select one").check();
    await page
      .getByRole("button", { name: /^Disable/ })
      .last()
      .click();
    await page.getByText(/1 key disabled|one disabled/).waitFor();

    upstream.override(chatStream(["Plain ", "**answer**."]));
    await page.getByRole("link", { name: "Playground" }).first().click();
    await page.getByLabel("Model", { exact: true }).fill("gpt-4o");
    await page.getByRole("textbox", { name: "Message" }).fill("Hello");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator("strong", { hasText: "answer" }).waitFor();
    upstream.override(openAiError(400, "no such thing"));
    await page.getByRole("textbox", { name: "Message" }).fill("Again");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("no such thing").waitFor();
    await page.getByRole("button", { name: "New chat" }).click();
    await page.locator("strong", { hasText: "answer" }).waitFor({ state: "detached" });
    expect(await page.getByLabel("Model", { exact: true }).inputValue()).toBe("gpt-4o");

    await app.logs();
    await page.getByRole("link", { name: "Logs" }).first().click();
    await page.getByRole("link", { name: "Filter", exact: true }).click();
    await page.getByLabel("Status").fill("400");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("Status: 400").waitFor();
    expect(await page.locator("tbody tr").count()).toBe(1);
    await page.locator("tbody .when").click({ force: true });
    await page.getByText("Ended with 400").waitFor();
    await page.getByText("no such thing").first().waitFor();

    await page.getByRole("link", { name: "Settings" }).first().click();
    await page.getByLabel("Attempts after a host's failure").fill("6");
    await page.getByLabel("Attempts after a host's failure").press("Enter");
    await page.getByText("Saved: Attempts after a host's failure.").waitFor();
    await page.getByRole("button", { name: "Log out" }).first().click();
    await page.getByText("You are logged out.").waitFor();
    // A refused form is an answer with status 422, which the browser's console tells as an error.
    expect(problems.filter((problem) => !problem.includes("status of 422"))).toEqual([]);
  },
  60_000,
);
