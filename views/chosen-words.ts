import { STRATEGIES } from "../src/types.ts";
import { inWords } from "./setting-labels.ts";
import { plural } from "./verdicts.ts";

const TURN = /^([a-z_]+)(?: (\d+)\/(\d+))?$/;
const FAILOVER = /^failover (\d+)$/;

/** Why a key was chosen, as the pool notes it (`failover 1, round_robin 2/5`), in words. */
export function chosenWords(because: string): string {
  return because.split(", ").map(partInWords).join(", ");
}

function partInWords(part: string): string {
  const [, tried] = FAILOVER.exec(part) ?? [];
  if (tried !== undefined) return `after ${plural(Number(tried), "key")} that failed`;
  const [, strategy, request, of] = TURN.exec(part) ?? [];
  if (strategy === undefined || !(STRATEGIES as readonly string[]).includes(strategy)) return part;
  const name = inWords(strategy).toLowerCase();
  return request === undefined ? name : `${name} (request ${request} of ${of} in its turn)`;
}
