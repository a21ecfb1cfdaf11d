import type { KeyStatus } from "../../src/types.ts";
import { STATUS_LOOKS } from "../statuses.tsx";
import { Icon, type IconName } from "./icon.tsx";

export interface BannerProps {
  icon: IconName;
  /** Whose colour it borrows. */
  looks: KeyStatus;
  /** What is so, and then what it means and what to do. */
  headline: string;
  text: string;
}

/** A state of the whole installation that a person should know of, on every page. */
export function Banner(props: BannerProps) {
  return (
    <p class={`banner ${STATUS_LOOKS[props.looks].className}`}>
      <Icon name={props.icon} />
      <span>
        <strong safe>{props.headline}</strong> <span safe>{props.text}</span>
      </span>
    </p>
  );
}
