import type { Clock } from "../clock.ts";
import { generatePassword, type SecretBox } from "../secrets.ts";
import type { StorageBeside } from "../storage/beside.ts";
import { createEvent } from "./key-events.ts";
import { setPassword } from "./password.ts";
import { endSessionsOfOtherPasswords } from "./sessions.ts";

interface ResetDeps {
  storage: StorageBeside;
  secretBox: SecretBox;
  clock: Clock;
}

/**
 * Sets the stored admin password and ends all sessions, also those of a server that runs beside.
 * @param given the new one; undefined: one is made.
 * @returns the new one. @throws InputError for one that cannot be used.
 */
export async function resetPassword(deps: ResetDeps, given: string | undefined): Promise<string> {
  const { storage, clock } = deps;
  const password = given ?? generatePassword();
  await setPassword(password, { storage, adminPassword: undefined });
  await endSessionsOfOtherPasswords({ ...deps, adminPassword: undefined });
  await storage.keyEvents.insert(createEvent(clock, "admin", "password_changed", "by reset-password"));
  return password;
}
