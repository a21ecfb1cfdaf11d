import type { NavigationItem } from "../../views/components/navigation.tsx";

/** The pages that exist, in the order of the sidebar. */
export const NAVIGATION: NavigationItem[] = [
  { href: "/", label: "Dashboard", shortLabel: "Home", icon: "dashboard" },
  { href: "/keys", label: "Keys", icon: "key" },
  { href: "/upstreams", label: "Upstreams", icon: "server", underMore: true },
  { href: "/stats", label: "Stats", icon: "stats", apart: true },
  { href: "/logs", label: "Logs", icon: "logs" },
  { href: "/settings", label: "Settings", icon: "settings", apart: true },
];
