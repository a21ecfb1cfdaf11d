import { exact, percent } from "../format.ts";
import { KeyChip, keyColour } from "./key-chip.tsx";

export interface KeyLoad {
  id: string;
  name: string | null;
  attempts: number;
}

/** How today's attempts are spread over the keys, the busiest first. */
export function LoadBars(props: { loads: KeyLoad[]; total: number }) {
  const top = Math.max(1, ...props.loads.map((load) => load.attempts));
  return (
    <ul class="loads">
      {props.loads.map((load) => (
        <li title={`${exact(load.attempts)} attempts`}>
          <KeyChip id={load.id} name={load.name} />
          <svg class={keyColour(load.name)} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="track" width="100" height="8" />
            <rect class="fill" width={(100 * load.attempts) / top} height="8" />
          </svg>
          <span class="right" safe>
            {percent(load.attempts, props.total)}
          </span>
        </li>
      ))}
    </ul>
  );
}
