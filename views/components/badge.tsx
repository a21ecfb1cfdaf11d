import type { PropsWithChildren } from "@elysiajs/html";
import type { KeyStatus } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { STATUS_LOOKS, StatusIcon } from "../statuses.tsx";

interface BadgeProps {
  looks: KeyStatus;
  word: string;
  loud?: boolean;
  title?: string;
}

/** Icon and word in a status's colour; loud ones have a tinted ground. */
export function Badge(props: PropsWithChildren<BadgeProps>) {
  return (
    <span
      class={`badge ${STATUS_LOOKS[props.looks].className}${props.loud ? " loud" : ""}`}
      title={props.title && attr(props.title)}
    >
      <StatusIcon status={props.looks} />
      <span class="word" safe>
        {props.word}
      </span>
      {props.children}
    </span>
  );
}
