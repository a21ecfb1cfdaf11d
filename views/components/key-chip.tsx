import { attr } from "../attr.ts";

const COLOURS = 14;
const NAME = /^(.*?)(\d{0,6})$/s;

/**
 * The same key has the same colour everywhere. Names that differ only by the number at their end, as most do, take
 * fourteen colours in turn; a deleted key has none.
 */
export function keyColour(name: string | null): string {
  const [, stem = "", number = ""] = NAME.exec(name ?? "") ?? [];
  if (name === null) return "is-disabled";
  let sum = 0;
  for (const character of stem) sum = (Math.imul(sum, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return `k${((sum + Number(number)) % COLOURS) + 1}`;
}

/** Colour dot, name and, where given, the masked end; a link where the key still exists. */
export function KeyChip(props: { id: string; name: string | null; maskedSecret?: string; linked?: boolean }) {
  const inside = (
    <>
      <span class={`dot ${keyColour(props.name)}`} />
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
