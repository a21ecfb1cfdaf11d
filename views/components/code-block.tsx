import { Icon } from "./icon.tsx";

/** Text to copy whole. */
export function CodeBlock(props: { id: string; code: string; label: string }) {
  return (
    <figure class="code">
      <figcaption>
        <span safe>{props.label}</span>
        <button
          type="button"
          class="small scripted"
          data-copy={`#${props.id}`}
          aria-label={`Copy ${props.label}`}
        >
          <Icon name="copy" size={14} />
          <span>Copy</span>
        </button>
      </figcaption>
      <pre id={props.id} tabindex="0">
        <code safe>{props.code}</code>
      </pre>
    </figure>
  );
}
