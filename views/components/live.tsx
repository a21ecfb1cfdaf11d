import type { PropsWithChildren } from "@elysiajs/html";
import { attr } from "../attr.ts";
import { KeysInNeed } from "./navigation.tsx";

/**
 * The part of a page that lives: asked for again every 1.2 s, so that a change shows within 2 s, or as said (not in
 * hidden tabs, see `app.js`), and after each action, morphed in place. `now` lets the countdowns run on the server's clock. `never`: it stands still and is not
 * asked for at all.
 */
export function Live(
  props: PropsWithChildren<{ url: string; now: number; every?: "1200ms" | "60s" | "never" }>,
) {
  if (props.every === "never") {
    return (
      <div id="live" data-now={String(props.now)}>
        {props.children}
      </div>
    );
  }
  return (
    <div
      id="live"
      data-now={String(props.now)}
      hx-get={attr(props.url)}
      hx-trigger={`every ${props.every ?? "1200ms"}, refresh-live from:body`}
      hx-swap="outerMorph"
      hx-sync="queue last"
    >
      {props.children}
    </div>
  );
}

/** What an answer to htmx carries besides the live part. */
export function LivePartials(props: { keysInNeed: number }) {
  return (
    <tag of="hx-partial" hx-target="#keys-in-need" hx-swap="innerHTML">
      <KeysInNeed count={props.keysInNeed} />
    </tag>
  );
}
