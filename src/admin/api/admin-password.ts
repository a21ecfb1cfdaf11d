import type { ClientOf } from "../client.ts";
import type { Sessions } from "../session.ts";
import { ApiError } from "./errors.ts";

const HEADER = "x-admin-password";

/** For the description of calls that ask for it. */
export const PASSWORD_HEADER = { [HEADER]: "the admin password, where secrets are asked for" };

export interface PasswordDeps {
  sessions: Pick<Sessions, "confirm">;
  clientOf: ClientOf;
}

/** Asks for the admin password in a header, whoever calls. @throws ApiError where it is missing or wrong. */
export function createConfirmPassword({ sessions, clientOf }: PasswordDeps) {
  return async (request: Request): Promise<void> => {
    const password = request.headers.get(HEADER);
    if (password === null)
      throw new ApiError(403, "wrong_password", `Give the admin password in the header ${HEADER}.`);
    const result = await sessions.confirm({ password, client: clientOf(request) });
    if (result.ok) return;
    const headers = { "retry-after": String(result.waitS) };
    if (result.unread) throw new ApiError(429, "too_many_tries", result.message, headers);
    throw new ApiError(403, "wrong_password", result.message, headers);
  };
}
