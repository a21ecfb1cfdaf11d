import { FormShell, type Place } from "./components/form-shell.tsx";
import type { NavigationItem } from "./components/navigation.tsx";

/** What works on every page, beside the pages' own. */
const EVERYWHERE: readonly [keys: string, does: string][] = [
  ["/", "Search"],
  ["[", "The sidebar narrow or wide"],
  ["?", "These shortcuts"],
  ["Esc", "Leave a field, close a dialog"],
];

/** Which keys do what; never while one types. */
export function Shortcuts(props: { place: Place; items: NavigationItem[] }) {
  const pages = props.items.map(({ shortcut = "", label }): [string, string] => [shortcut, `To ${label}`]);
  return (
    <FormShell
      place={props.place}
      title="Keyboard shortcuts"
      lead="One key after the other; never while you type in a field."
      back="/"
    >
      <dl class="shortcuts">
        {[...EVERYWHERE, ...pages.filter(([keys]) => keys !== "")].map(([keys, does]) => (
          <div>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd safe>{key}</kbd>
              ))}
            </dt>
            <dd safe>{does}</dd>
          </div>
        ))}
      </dl>
    </FormShell>
  );
}
