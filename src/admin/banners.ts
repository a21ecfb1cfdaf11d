import type { BannerProps } from "../../views/components/banner.tsx";
import { moment, type Reader } from "../../views/format.ts";
import { plural, sentence } from "../../views/verdicts.ts";
import type { PageDeps } from "./page-context.ts";

/** What a person should know of this installation whatever page is open, gravest first. */
export async function banners(deps: PageDeps, reader: Reader): Promise<BannerProps[]> {
  return [
    ...storageBanner(deps),
    ...(await upstreamBanners(deps, reader)),
    ...(deps.requireAdminLogin ? [] : [OPEN_PAGES]),
    ...(deps.openProxy === "nobody" ? [] : [OPEN_PROXY[deps.openProxy]]),
  ];
}

function storageBanner(deps: PageDeps): BannerProps[] {
  const { lastError, queued, dropped } = deps.live.figures().recorder;
  if (lastError === null && dropped === 0) return [];
  const lost = dropped === 0 ? "" : ` ${plural(dropped, "record")} lost so far.`;
  const reason = lastError === null ? "Records could not be written for a while." : sentence(lastError);
  return [
    {
      icon: "storage",
      looks: lastError === null ? "ejected" : "invalid",
      headline: lastError === null ? "The request log has gaps." : "The request log can't be written.",
      text: `${reason} Requests go on; ${plural(queued, "record")} wait to be written.${lost}`,
    },
  ];
}

async function upstreamBanners(deps: PageDeps, reader: Reader): Promise<BannerProps[]> {
  const upstreams = await deps.operations.upstreams.list();
  return upstreams
    .filter(({ health }) => health.breaker === "open")
    .map(({ name, health }) => ({
      icon: "server",
      looks: "ejected",
      headline: `${name} does not answer.`,
      text: `${health.lastFailure === null ? "" : sentence(health.lastFailure)} Next trial ${
        health.openUntil === null ? "soon" : `at ${moment(health.openUntil, reader)}`
      }; the keys are not to blame and keep their status.`.trim(),
    }));
}

const OPEN_PAGES: BannerProps = {
  icon: "unlocked",
  looks: "invalid",
  headline: "These pages are open.",
  text: "REQUIRE_ADMIN_LOGIN=false lets anyone who reaches this address change everything.",
};

const OPEN_PROXY: Record<"this_machine" | "network", BannerProps> = {
  this_machine: {
    icon: "unlocked",
    looks: "ejected",
    headline: "Open to this machine.",
    text: "Anyone on this machine can use the proxy. Set MASTER_API_KEY to ask for a client key.",
  },
  network: {
    icon: "unlocked",
    looks: "invalid",
    headline: "Open to the network.",
    text: "Anyone who reaches this address can use the proxy and your keys. Set MASTER_API_KEY to ask for a client key.",
  },
};
