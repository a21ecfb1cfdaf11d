import { attr } from "../attr.ts";
import { Icon } from "./icon.tsx";

/** One filter in force, with the way to be rid of it. */
export function FilterChip(props: { label: string; value: string; without: string }) {
  return (
    <span class="chip">
      <bdi class="cut" safe>{`${props.label}: ${props.value}`}</bdi>
      <a href={attr(props.without)} title={`Remove filter ${props.label}`}>
        <Icon name="close" size={12} />
        <span class="hidden-text">Remove filter</span>
      </a>
    </span>
  );
}
