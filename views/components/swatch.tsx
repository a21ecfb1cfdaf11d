import { attr } from "../attr.ts";

/** One of our own colours by its class, or a foreign one, as pools have them. */
export type Colour = { className: string } | { fill: string };

/** A small square of a colour. SVG, for foreign colours can't be styles: inline styles are forbidden. */
export function Swatch(props: { colour: Colour }) {
  const { colour } = props;
  const fill = "fill" in colour ? { fill: attr(colour.fill) } : {};
  return (
    <svg
      class={"className" in colour ? `swatch ${colour.className}` : "swatch"}
      width="8"
      height="8"
      viewBox="0 0 8 8"
      aria-hidden="true"
    >
      <rect width="8" height="8" rx="2" {...fill} />
    </svg>
  );
}
