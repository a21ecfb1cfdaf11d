import { attr } from "../attr.ts";

/** The same key has the same colour everywhere; fourteen are told apart, then they repeat. */
const COLOURS = 14;

export function keyColour(id: string): string {
  let sum = 0;
  for (let at = 0; at < id.length; at++) sum = (Math.imul(sum, 31) + id.charCodeAt(at)) >>> 0;
  return `k${(sum % COLOURS) + 1}`;
}

/** Colour dot, name and, where given, the masked end; a link where the key still exists. */
export function KeyChip(props: { id: string; name: string | null; maskedSecret?: string; linked?: boolean }) {
  const inside = (
    <>
      <span class={`dot ${keyColour(props.id)}`} />
      {props.name === null ? (
        <span class="soft">deleted key</span>
      ) : (
        <bdi class="name" title={attr(props.name)} safe>
          {props.name}
        </bdi>
      )}
      {props.maskedSecret !== undefined && (
        <bdi class="mono soft" safe>
          {props.maskedSecret}
        </bdi>
      )}
    </>
  );
  if (props.name === null || props.linked === false) return <span class="key">{inside}</span>;
  return (
    <a class="key" href={`/keys/${encodeURIComponent(props.id)}`}>
      {inside}
    </a>
  );
}
