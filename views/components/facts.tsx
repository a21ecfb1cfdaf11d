import type { PropsWithChildren } from "@elysiajs/html";

/** Names and values under each other. */
export function Facts(props: PropsWithChildren) {
  return <dl class="facts">{props.children}</dl>;
}

/** One of them, as plain text. */
export function Fact(props: { label: string; value: string; mono?: boolean }) {
  return (
    <FactOf label={props.label}>
      <bdi class={props.mono ? "mono cut" : "cut"} safe>
        {props.value}
      </bdi>
    </FactOf>
  );
}

/** One of them, as anything. */
export function FactOf(props: PropsWithChildren<{ label: string }>) {
  return (
    <div>
      <dt safe>{props.label}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}
