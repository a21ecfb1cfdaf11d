/**
 * The end of this turn of the event loop, when all events that came together are handled. What waits for it is written
 * back to back: who reads at the other end is woken by the first and finds the others, instead of being woken by each.
 * With 64 connections a request then costs a quarter less processor time (`bun run bench proxy`).
 */
let due: (() => void)[] = [];
let ending: Promise<void> | null = null;

/** Runs at the end of this turn, in the order of the calls. */
export function atTurnEnd(run: () => void): void {
  if (due.push(run) === 1) setImmediate(endTurn);
}

/** The same as a promise, one for all who ask within a turn. */
export function turnEnd(): Promise<void> {
  ending ??= new Promise((resolve) => {
    atTurnEnd(() => {
      ending = null;
      resolve();
    });
  });
  return ending;
}

function endTurn(): void {
  const all = due;
  due = [];
  for (const run of all) {
    try {
      run();
    } catch (error) {
      // What one of them did wrong is not the others' fault.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
