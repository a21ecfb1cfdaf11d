import { attr } from "../attr.ts";
import { Icon } from "./icon.tsx";

interface SortHeaderProps {
  label: string;
  /** The field as the API's `sort` names it. */
  by: string;
  /** The order in force: a field, `-` before it for descending. */
  sort: string;
  href(sort: string): string;
  /** Numbers are looked at from the top first. */
  descendingFirst?: boolean;
  className?: string;
  title?: string;
}

/** A column's head that orders the table by it, and turns the order around when asked again. */
export function SortHeader(props: SortHeaderProps) {
  const descending = `-${props.by}`;
  const first = props.descendingFirst ? descending : props.by;
  const second = props.descendingFirst ? props.by : descending;
  const direction =
    props.sort === props.by ? "ascending" : props.sort === descending ? "descending" : undefined;
  return (
    <th scope="col" class={props.className} title={props.title} aria-sort={direction}>
      <a href={attr(props.href(props.sort === first ? second : first))}>
        <span safe>{props.label}</span>
        {direction && <Icon name={direction === "ascending" ? "arrow-up" : "arrow-down"} size={12} />}
      </a>
    </th>
  );
}
