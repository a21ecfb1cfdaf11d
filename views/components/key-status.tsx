import type { KeyView } from "../../src/types.ts";
import { moment, type Reader } from "../format.ts";
import { STATUS_LOOKS } from "../statuses.tsx";
import { Badge } from "./badge.tsx";
import { Countdown } from "./time.tsx";

type Shown = Pick<KeyView, "status" | "statusReason" | "cooldownUntil" | "condition">;

/** A key's status: icon, word, and the countdown where it comes back by itself, or since when it waits for a hand. */
export function KeyStatusBadge(props: { view: Shown; reader: Reader }) {
  const { status, statusReason, cooldownUntil, condition } = props.view;
  const { word, asks } = STATUS_LOOKS[status];
  const loud = asks === "patience" || asks === "a hand";
  return (
    <Badge looks={status} word={word} loud={loud} title={statusReason ?? undefined}>
      {asks === "patience" && cooldownUntil !== null && (
        <Countdown until={cooldownUntil} reader={props.reader} />
      )}
      {asks === "a hand" && condition !== null && (
        <span class="since" safe>{`since ${moment(condition.since, props.reader)}`}</span>
      )}
    </Badge>
  );
}
