import { attr } from "../attr.ts";

/** Under a table: how much of it is seen, and the way on. */
export function Pager(props: {
  text: string;
  first: string | null;
  previous?: string | null;
  next: string | null;
  nextText?: string;
}) {
  return (
    <footer class="pager">
      <span safe>{props.text}</span>
      {props.first !== null ? <a href={attr(props.first)}>First page</a> : null}
      {props.previous ? (
        <a class="push" href={attr(props.previous)} rel="prev">
          Previous page
        </a>
      ) : null}
      {props.next !== null ? (
        <a class={props.previous ? undefined : "push"} href={attr(props.next)} rel="next">
          <span safe>{props.nextText ?? "Next page"}</span>
        </a>
      ) : null}
    </footer>
  );
}
