import type { PropsWithChildren } from "@elysiajs/html";
import type { AssetName } from "../src/assets.ts";
import { Banner, type BannerProps } from "./components/banner.tsx";
import { Icon, Mark } from "./components/icon.tsx";
import {
  BottomNavigation,
  MoreNavigation,
  type NavigationItem,
  SideNavigation,
} from "./components/navigation.tsx";
import { type Notice, NoticeBox } from "./components/notice.tsx";
import { SessionEndedNote } from "./components/session-ended.tsx";
import { Document, type Theme } from "./document.tsx";

/** What stands around every page. */
export interface Frame {
  title: string;
  /** The navigation item that this page belongs to. */
  section: string;
  theme: Theme;
  /** Scripts and styles that only this page needs. */
  assets?: readonly AssetName[];
  navigation: NavigationItem[];
  keysInNeed: number;
  banners: BannerProps[];
  notice: Notice | null;
  /** False where `REQUIRE_ADMIN_LOGIN=false` leaves nothing to log out of. */
  canLogOut: boolean;
  /** The sidebar shows icons alone. */
  isFolded: boolean;
}

/** Sidebar on wide screens, a bar at the bottom of a phone; the one dialog, the notices, the sign of a lost connection. */
export function Layout(props: PropsWithChildren<Frame>) {
  const navigation = { items: props.navigation, current: props.section, keysInNeed: props.keysInNeed };
  return (
    <Document title={props.title} theme={props.theme} assets={props.assets}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <div id="lost" role="status" hidden>
        Reconnecting…
      </div>
      <SessionEndedNote />
      <div class={props.isFolded ? "frame folded" : "frame"}>
        <header class="side">
          <a class="brand" href="/">
            <Mark />
            Load Balancer
          </a>
          <SideNavigation {...navigation} />
          <div class="foot">
            <span class="pulse scripted" id="pulse">
              Live
            </span>
            <FrameActions canLogOut={props.canLogOut} />
            <FoldButton isFolded={props.isFolded} />
          </div>
        </header>
        <main class="page" id="main" tabindex="-1">
          {props.notice !== null ? (
            <div role="status">
              <NoticeBox {...props.notice} place="page" />
            </div>
          ) : null}
          {props.banners.map((banner) => (
            <Banner {...banner} />
          ))}
          {props.children}
        </main>
      </div>
      <BottomNavigation {...navigation} />
      <div id="more" popover="auto">
        <MoreNavigation {...navigation} />
        <FrameActions canLogOut={props.canLogOut} labelled />
      </div>
      <div id="toasts" role="status" aria-live="polite" />
      <dialog id="dialog" aria-labelledby="dialog-title" />
    </Document>
  );
}

/** Makes the sidebar narrow or wide; the browser remembers which. */
function FoldButton(props: { isFolded: boolean }) {
  const label = props.isFolded ? "Widen the sidebar" : "Narrow the sidebar";
  return (
    <form method="post" action="/sidebar">
      <input type="hidden" name="fold" value={props.isFolded ? "0" : "1"} />
      <button type="submit" class="bare small icon-only" aria-label={label} title={label} data-shortcut="[">
        <Icon name="sidebar" />
      </button>
    </form>
  );
}

/** The switch of themes and the way out; with words under "More", as icons in the sidebar. */
function FrameActions(props: { canLogOut: boolean; labelled?: boolean }) {
  const look = props.labelled ? "bare" : "bare small icon-only";
  return (
    <>
      {!props.labelled && (
        <a
          class="btn bare small icon-only scripted"
          href="/shortcuts"
          hx-get="/shortcuts"
          hx-target="#dialog"
          hx-swap="innerHTML"
          data-shortcut="?"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
        >
          <Icon name="keyboard" />
        </a>
      )}
      <button
        type="button"
        class={`${look} scripted`}
        data-theme-switch
        aria-label="Theme"
        title="Auto, light or dark"
      >
        <Icon name="theme" />
        {props.labelled && (
          <span>
            Theme: <span data-theme-name>auto</span>
          </span>
        )}
      </button>
      {props.canLogOut && (
        <form method="post" action="/logout">
          <button
            type="submit"
            class={look}
            aria-label={props.labelled ? undefined : "Log out"}
            title="Log out"
          >
            <Icon name="log-out" />
            {props.labelled && "Log out"}
          </button>
        </form>
      )}
    </>
  );
}
