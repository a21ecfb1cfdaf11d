import { Icon, type IconName } from "./icon.tsx";

export interface NavigationItem {
  href: string;
  label: string;
  /** For the bar at the bottom of a phone, where it differs. */
  shortLabel?: string;
  icon: IconName;
  /** Stands apart from the item before it. */
  apart?: boolean;
  /** On a phone under "More", where the bar has no room for it. */
  underMore?: boolean;
  /** Keys that lead there: `g k`. */
  shortcut?: string;
}

interface NavigationProps {
  items: NavigationItem[];
  /** The item of the page that is open. */
  current: string;
  keysInNeed: number;
}

/** How many keys wait for a person; part of every live answer, so that it is true on every page. */
export function KeysInNeed(props: { count: number }) {
  if (props.count === 0) return "";
  const title = `${props.count} ${props.count === 1 ? "key needs" : "keys need"} you`;
  return (
    <span class="need" title={title}>
      {props.count}
      <span class="hidden-text">{props.count === 1 ? " key needs you" : " keys need you"}</span>
    </span>
  );
}

export function SideNavigation(props: NavigationProps) {
  return (
    <nav class="side-nav" aria-label="Main">
      <ul>
        {props.items.map((item) => (
          <li class={item.apart ? "apart" : undefined}>
            <a
              href={item.href}
              aria-current={item.href === props.current ? "page" : undefined}
              data-shortcut={item.shortcut}
              title={item.shortcut === undefined ? item.label : `${item.label} (${item.shortcut})`}
            >
              <Icon name={item.icon} />
              <span class="label" safe>
                {item.label}
              </span>
              {item.href === "/keys" && (
                <span id="keys-in-need" class="push">
                  <KeysInNeed count={props.keysInNeed} />
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** The pages for which the bar of a phone has no room. */
export function MoreNavigation(props: NavigationProps) {
  const items = props.items.filter((item) => item.underMore);
  return (
    <nav aria-label="Main, more">
      <ul>
        {items.map((item) => (
          <li>
            <a href={item.href} aria-current={item.href === props.current ? "page" : undefined}>
              <Icon name={item.icon} />
              <span safe>{item.label}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** On a phone: the pages at the thumb, the rest under "More". */
export function BottomNavigation(props: NavigationProps) {
  const items = props.items.filter((item) => !item.underMore);
  return (
    <nav class="bottom-nav" aria-label="Main, short">
      <ul>
        {items.map((item) => (
          <li>
            <a href={item.href} aria-current={item.href === props.current ? "page" : undefined}>
              <Icon name={item.icon} size={20} />
              <span safe>{item.shortLabel ?? item.label}</span>
            </a>
          </li>
        ))}
        <li>
          <button type="button" popovertarget="more">
            <Icon name="menu" size={20} />
            More
          </button>
        </li>
      </ul>
    </nav>
  );
}
