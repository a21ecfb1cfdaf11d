import { chmodSync, rmSync, statSync } from "node:fs";
import { StartError } from "./types.ts";

/** For this user and its group, which a proxy in front may belong to. */
const MODE = 0o660;

/**
 * Removes a socket that a killed process left.
 * @param isListening whether somebody listens on it.
 * @throws StartError where somebody does, or something else lies there.
 */
export async function freeSocket(
  path: string,
  isListening: (path: string) => Promise<boolean>,
): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new StartError(`${path} is there and no socket: set HOST to another unix:/PATH.`);
  if (await isListening(path))
    throw new StartError(`${path} is taken by another program: set HOST to another unix:/PATH.`);
  rmSync(path);
}

export function openToGroup(path: string): void {
  chmodSync(path, MODE);
}
