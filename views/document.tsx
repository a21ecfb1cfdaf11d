import type { PropsWithChildren } from "@elysiajs/html";
import { type AssetName, assetUrl } from "../src/assets.ts";
import { jsonAttr } from "./attr.ts";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/**
 * No rule for indicators of its own (`app.css` has them); a 4xx or 5xx never replaces what is on the page,
 * except where a form says what to do with it (`hx-status:422`).
 */
const HTMX = {
  includeIndicatorCSS: false,
  mode: "same-origin",
  history: "reload",
  noSwap: [204, 304, "4xx", "5xx"],
  // Settling copies style attributes from the old element to the new one, which the policy forbids.
  defaultSettleDelay: 0,
  // What a reader has opened stays open when the page lives on.
  morphIgnore: ["data-htmx-powered", "open"],
};

interface DocumentProps {
  title: string;
  theme: Theme;
  /** Scripts and styles that only this page needs. */
  assets?: readonly AssetName[];
}

/** The whole HTML document around a page. `boot.js` runs before the first paint, the other scripts after it. */
export function Document(props: PropsWithChildren<DocumentProps>) {
  const named = (ending: string) => (props.assets ?? []).filter((name) => name.endsWith(ending));
  return (
    <>
      {"<!doctype html>"}
      <html lang="en" data-theme={props.theme === "auto" ? undefined : props.theme}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="htmx-config" content={jsonAttr(HTMX)} />
          <title safe>{`${props.title} · Load Balancer`}</title>
          <link rel="icon" href={assetUrl("favicon.svg")} type="image/svg+xml" />
          <link rel="stylesheet" href={assetUrl("pico.css")} />
          {named(".css").map((name) => (
            <link rel="stylesheet" href={assetUrl(name)} />
          ))}
          <link rel="stylesheet" href={assetUrl("app.css")} />
          <script src={assetUrl("boot.js")} />
          <script defer src={assetUrl("htmx.js")} />
          {named(".js").map((name) => (
            <script defer src={assetUrl(name)} />
          ))}
          <script defer src={assetUrl("app.js")} />
          <script defer src={assetUrl("alpine.js")} />
        </head>
        <body>{props.children}</body>
      </html>
    </>
  );
}
