import { Icon } from "./icon.tsx";

/** Text to copy whole. */
export function CodeBlock(props: { id: string; code: string; label: string }) {
  return (
    <div class="code">
      <pre id={props.id} tabindex="0" aria-label={props.label}>
        <code safe>{props.code}</code>
      </pre>
      <button type="button" class="small scripted" data-copy={`#${props.id}`}>
        <Icon name="copy" size={14} />
        <span>Copy</span>
      </button>
    </div>
  );
}
