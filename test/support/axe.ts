import { expect } from "bun:test";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "playwright-core";
import type { PageOptions } from "./browser.ts";

/** Each page is looked at in these four forms. */
export const PAGE_FORMS: readonly (PageOptions & { width: number; colorScheme: "light" | "dark" })[] = (
  ["light", "dark"] as const
).flatMap((colorScheme) => [
  { colorScheme, width: 1440, height: 900 },
  { colorScheme, width: 390, height: 844 },
]);

/** Fails with every violation of accessibility that axe finds in the page as it stands, each with the elements it is about. */
export async function expectNoViolations(page: Page): Promise<void> {
  // What fades in is not yet readable: the colours are measured when all has come to rest.
  await page.evaluate(() =>
    Promise.allSettled(
      document
        .getAnimations()
        .filter(({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime))
        .map(({ finished }) => finished),
    ),
  );
  // Legacy mode looks at this page alone; the other mode opens a second page to put the frames' results together.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  const told = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id} (${help}) at ${target.join(" ")}: ${failureSummary ?? ""}`,
    ),
  );
  expect(told).toEqual([]);
}

/** Fails where the page is wider than its window. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wider, "px that the page can be scrolled sideways").toBeLessThanOrEqual(0);
}
