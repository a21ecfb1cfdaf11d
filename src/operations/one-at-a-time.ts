/** Changes that may wait for the one under way; beyond it the admin side is refused rather than piled up. */
const MAX_WAITING = 1_000;

/** Runs one change after the other, so that none works on what another is about to replace. */
export type RunChange = <Result>(change: () => Promise<Result>) => Promise<Result>;

export function createOneAtATime(): RunChange {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return (change) => {
    if (waiting >= MAX_WAITING)
      return Promise.reject(new Error(`more than ${MAX_WAITING} changes are waiting`));
    waiting += 1;
    const result = last.then(change).finally(() => {
      waiting -= 1;
    });
    last = result.catch(() => undefined);
    return result;
  };
}
