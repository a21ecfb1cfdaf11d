import { attr } from "../attr.ts";
import { Icon } from "./icon.tsx";

interface SearchFieldProps {
  action: string;
  value: string;
  placeholder: string;
  /** The other parts of the address, which a search keeps. */
  kept: Record<string, string>;
}

/** Searches as one types; without scripts by Enter. */
export function SearchField(props: SearchFieldProps) {
  return (
    <search>
      <form
        class="search"
        action={props.action}
        hx-get={props.action}
        hx-trigger="input changed delay:200ms, submit"
        hx-target="#live"
        hx-swap="outerMorph"
        hx-replace-url="true"
        hx-sync="#live:replace"
      >
        <Icon name="search" />
        <input
          type="search"
          id="search"
          data-shortcut="/"
          name="q"
          value={attr(props.value)}
          placeholder={props.placeholder}
          aria-label="Search"
          maxlength={200}
          spellcheck="false"
          autocomplete="off"
        />
        {Object.entries(props.kept)
          .filter(([, value]) => value !== "")
          .map(([name, value]) => (
            <input type="hidden" name={name} value={attr(value)} />
          ))}
      </form>
    </search>
  );
}
