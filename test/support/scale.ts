/** `bun run proof` runs the same tests with a release's full numbers. */
export const isProof = process.env.FULL_NUMBERS === "1";

/** How much of something a test does: quick in `check`, all of it in `proof`. */
export function scale(quick: number, full: number): number {
  return isProof ? full : quick;
}

/** Says a measured figure; `proof` gathers these lines. */
export function figure(name: string, value: string | number): void {
  if (isProof) console.log(`figure: ${name} = ${value}`);
}
