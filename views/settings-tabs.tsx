import type { PropsWithChildren } from "@elysiajs/html";
import { PageHead } from "./components/page-head.tsx";

/** The parts of the Settings page, each with an address of its own. */
export const SETTINGS_TABS = [
  { href: "/settings", label: "Settings" },
  { href: "/settings/security", label: "Security" },
  { href: "/settings/data", label: "Data" },
  { href: "/settings/about", label: "About" },
] as const;

export type SettingsTab = (typeof SETTINGS_TABS)[number]["href"];

/** Title and tabs; `children` are the part's actions. */
export function SettingsHead(props: PropsWithChildren<{ tab: SettingsTab; verdict: string }>) {
  return (
    <>
      <PageHead title="Settings" verdict={props.verdict}>
        {props.children}
      </PageHead>
      <nav class="tabs" aria-label="Parts of the settings">
        {SETTINGS_TABS.map((tab) => (
          <a href={tab.href} aria-current={tab.href === props.tab ? "page" : undefined}>
            {tab.label}
          </a>
        ))}
      </nav>
    </>
  );
}
