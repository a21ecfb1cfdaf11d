import { endBy } from "./answers.ts";
import type { Script } from "./call.ts";
import { resolveScript } from "./call.ts";

/** `n` calls get `first`, all later ones `rest`. */
export function firstTimes(n: number, first: Script, rest: Script): Script {
  return (call) => (call.n <= n ? first : rest);
}

/** Each n-th call gets `one`, the others `otherwise`. */
export function every(n: number, one: Script, otherwise: Script): Script {
  return (call) => (call.n % n === 0 ? one : otherwise);
}

/** The answer begins that much later. */
export function slow(ms: number, script: Script): Script {
  return async (call) => {
    const answer = await resolveScript(script, call);
    return {
      play: async (wire) => {
        await wire.sleep(ms);
        await answer.play(wire, call);
      },
    };
  };
}

/** The whole answer as if the connection were kept alive, which then ends: so idle connections die. */
export function thenHangUp(script: Script, by: "fin" | "reset", afterMs = 0): Script {
  return async (call) => {
    const answer = await resolveScript(script, call);
    return {
      play: async (wire) => {
        await answer.play(wire, call);
        call.end(false);
        await wire.sleep(afterMs);
        await endBy(by, wire);
      },
    };
  };
}
