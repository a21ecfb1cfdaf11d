import { expect } from "bun:test";
import axe, { type RunOptions } from "axe-core";
import type { Page } from "playwright-core";
import type { PageOptions } from "./browser.ts";

/** Each page is looked at in these four forms. */
export const PAGE_FORMS: readonly (PageOptions & { width: number; colorScheme: "light" | "dark" })[] = (
  ["light", "dark"] as const
).flatMap((colorScheme) => [
  { colorScheme, width: 1440, height: 900 },
  { colorScheme, width: 390, height: 844 },
]);

/** What axe finds in the page as it stands, each violation with the element it is about; `rules`: these alone. */
export async function violationsIn(page: Page, rules?: string[]): Promise<string[]> {
  // What fades in is not yet readable: the colours are measured when all has come to rest.
  await page.evaluate(() =>
    Promise.allSettled(
      document
        .getAnimations()
        .filter(({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime))
        .map(({ finished }) => finished),
    ),
  );
  if (await page.evaluate(() => !("axe" in window))) await page.evaluate(axe.source);
  const options: RunOptions = {
    resultTypes: ["violations"],
    preload: false,
    ...(rules && { runOnly: rules }),
  };
  return page.evaluate(async (options) => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, options);
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) => `${id} (${help}) at ${target.join(" ")}: ${failureSummary ?? ""}`,
      ),
    );
  }, options);
}

/** Fails with every violation of accessibility that axe finds in the page as it stands. */
export async function expectNoViolations(page: Page): Promise<void> {
  expect(await violationsIn(page)).toEqual([]);
}

/** Fails where the page or its dialog can be scrolled sideways, once what is drawn anew for its width is drawn. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const wider = await page.evaluate(async () => {
    const frame = () => new Promise((next) => requestAnimationFrame(next));
    for (let frames = 0; frames < 3; frames += 1) await frame();
    const dialogs = [...document.querySelectorAll("dialog[open]")];
    return Math.max(
      document.documentElement.scrollWidth - innerWidth,
      ...dialogs.map((dialog) => dialog.scrollWidth - dialog.clientWidth),
    );
  });
  expect(wider, "px that the page can be scrolled sideways").toBeLessThanOrEqual(0);
}
