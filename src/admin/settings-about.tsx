import { SettingsAbout, type SettingsAboutProps } from "../../views/settings-about.tsx";
import { plural, sentence, totalKeys } from "../../views/verdicts.ts";
import type { PageContext, PageDeps } from "./page-context.ts";
import { page } from "./render.tsx";

export async function showAbout(context: PageContext): Promise<Response> {
  const { deps, reader } = context;
  const { startedAt, runtime, database, dataDir } = deps.about;
  const props = { version: deps.version, startedAt, runtime, database, dataDir, reader };
  return page(
    context,
    { title: "About", section: "/settings" },
    <SettingsAbout {...props} health={await healthOf(deps)} />,
  );
}

/** The same things that `/ready` and the banners look at. */
async function healthOf({ operations, live }: PageDeps): Promise<SettingsAboutProps["health"]> {
  const counts = operations.keys.counts();
  const { lastError, dropped } = live.figures().recorder;
  const down = (await operations.upstreams.list()).filter(({ health }) => health.breaker === "open");
  return [
    {
      isGood: counts.available > 0,
      text: `${counts.available} of ${plural(totalKeys(counts), "key")} usable.`,
    },
    lastError === null
      ? { isGood: true, text: "The request log is written." }
      : { isGood: false, text: sentence(lastError) },
    dropped === 0
      ? { isGood: true, text: "No record was lost since the start." }
      : { isGood: false, text: `${plural(dropped, "record")} lost since the start.` },
    down.length === 0
      ? { isGood: true, text: "Every upstream answers." }
      : { isGood: false, text: `${down.map(({ name }) => name).join(", ")} does not answer.` },
  ];
}
