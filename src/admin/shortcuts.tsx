import { Shortcuts } from "../../views/shortcuts.tsx";
import { NAVIGATION } from "./navigation.ts";
import type { PageContext } from "./page-context.ts";
import { formPage, placeOf } from "./render.tsx";

export function showShortcuts(context: PageContext): Promise<Response> | Response {
  const info = { title: "Keyboard shortcuts", section: "" };
  return formPage(context, info, <Shortcuts place={placeOf(context)} items={NAVIGATION} />);
}
