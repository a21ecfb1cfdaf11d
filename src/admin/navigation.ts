import type { NavigationItem } from "../../views/components/navigation.tsx";

/** Which keys lead where. */
const SHORTCUTS: Record<string, string> = {
  "/": "g d",
  "/keys": "g k",
  "/pools": "g p",
  "/upstreams": "g u",
  "/stats": "g s",
  "/logs": "g l",
  "/playground": "g y",
  "/settings": "g ,",
};

const PAGES: Omit<NavigationItem, "shortcut">[] = [
  { href: "/", label: "Dashboard", shortLabel: "Home", icon: "dashboard" },
  { href: "/keys", label: "Keys", icon: "key" },
  { href: "/pools", label: "Pools", icon: "layers", underMore: true },
  { href: "/upstreams", label: "Upstreams", icon: "server", underMore: true },
  { href: "/stats", label: "Stats", icon: "stats", apart: true },
  { href: "/logs", label: "Logs", icon: "logs" },
  { href: "/playground", label: "Playground", icon: "terminal", underMore: true },
  { href: "/settings", label: "Settings", icon: "settings", apart: true, underMore: true },
];

/** The pages that exist, in the order of the sidebar. At most four are not under "More". */
export const NAVIGATION: NavigationItem[] = PAGES.map((item) => ({
  ...item,
  shortcut: SHORTCUTS[item.href],
}));
