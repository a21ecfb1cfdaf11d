import type { UpstreamHealth } from "../../src/types.ts";
import { exact, type Reader } from "../format.ts";
import { Badge } from "./badge.tsx";
import { Countdown } from "./time.tsx";

/** How the host of an upstream does, in words; while it is left alone, when it is tried again. */
export function HostHealth(props: { health: UpstreamHealth; reader: Reader }) {
  const { breaker, openUntil, failuresInARow, lastFailure } = props.health;
  const title = lastFailure ?? undefined;
  if (breaker === "open") {
    return (
      <Badge looks="ejected" word="Paused, tried again in" loud title={title}>
        {openUntil === null ? <span>a moment</span> : <Countdown until={openUntil} reader={props.reader} />}
      </Badge>
    );
  }
  if (breaker === "half_open") return <Badge looks="ejected" word="Being tried" loud title={title} />;
  if (failuresInARow === 0) return <Badge looks="available" word="No trouble" />;
  return <Badge looks="ejected" word={`${exact(failuresInARow)} failed in a row`} title={title} />;
}
