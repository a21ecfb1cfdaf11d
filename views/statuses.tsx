import type { KeyStatus } from "../src/types.ts";

/** A status has a colour, an icon and a word, so that it is told apart without colour vision. */
export interface StatusLook {
  word: string;
  /** How keys of it are counted: "2 cooling"; where one is said differently, that comes second. */
  counted: [many: string, one?: string];
  className: string;
  icon: JSX.Element;
  /** What it asks of people: nothing, patience, or a hand. */
  asks: "nothing" | "patience" | "a hand" | "a decision";
}

export const STATUS_LOOKS: Record<KeyStatus, StatusLook> = {
  available: {
    word: "Available",
    counted: ["available"],
    className: "is-available",
    icon: <circle cx="6" cy="6" r="4" fill="currentColor" />,
    asks: "nothing",
  },
  cooling: {
    word: "Cooling",
    counted: ["cooling"],
    className: "is-cooling",
    icon: (
      <>
        <circle cx="6" cy="6" r="4.25" fill="none" stroke="currentColor" stroke-width="1.5" />
        <path d="M6 6V1.75A4.25 4.25 0 0 1 10.25 6Z" fill="currentColor" />
      </>
    ),
    asks: "patience",
  },
  ejected: {
    word: "Ejected",
    counted: ["ejected"],
    className: "is-ejected",
    icon: <path d="M6 1.2 11.2 10.6H.8Z" fill="currentColor" />,
    asks: "patience",
  },
  daily_limit_reached: {
    word: "Daily limit",
    counted: ["at their daily limit", "at its daily limit"],
    className: "is-daily",
    icon: <rect x="2" y="2" width="8" height="8" rx="1" fill="currentColor" />,
    asks: "patience",
  },
  no_credit: {
    word: "No credit",
    counted: ["without credit"],
    className: "is-credit",
    icon: (
      <>
        <circle cx="6" cy="6" r="2.75" fill="none" stroke="currentColor" stroke-width="1.5" />
        <path
          d="m1.5 1.5 2.2 2.2M10.5 1.5 8.3 3.7M1.5 10.5l2.2-2.2M10.5 10.5 8.3 8.3"
          stroke="currentColor"
          stroke-width="1.5"
          stroke-linecap="round"
        />
      </>
    ),
    asks: "a hand",
  },
  invalid: {
    word: "Invalid",
    counted: ["invalid"],
    className: "is-invalid",
    icon: <path d="m2 2 8 8M10 2l-8 8" stroke="currentColor" stroke-width="2" stroke-linecap="round" />,
    asks: "a hand",
  },
  disabled: {
    word: "Disabled",
    counted: ["disabled"],
    className: "is-disabled",
    icon: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.5" />,
    asks: "a decision",
  },
};

export function StatusIcon(props: { status: KeyStatus; size?: number }) {
  const paths: JSX.Element = STATUS_LOOKS[props.status].icon;
  return (
    <svg width={props.size ?? 12} height={props.size ?? 12} viewBox="0 0 12 12" aria-hidden="true">
      {paths}
    </svg>
  );
}
