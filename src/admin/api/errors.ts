import { ChangedError, ConflictError, InputError, NotFoundError, StorageError } from "../../types.ts";

/** An error that the API itself finds. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

interface ErrorAnswer {
  status: number;
  body: { error: Record<string, unknown> };
  headers: Record<string, string>;
}

/** The answer to an error; null for a fault of this program, of which nothing may be told. */
export function answerTo(error: unknown): ErrorAnswer | null {
  if (error instanceof ApiError) {
    const { status, code, message, headers } = error;
    return { status, body: { error: { message, code } }, headers };
  }
  if (error instanceof InputError) {
    const { message, fields } = error;
    return { status: 422, body: { error: { message, code: "invalid_input", fields } }, headers: {} };
  }
  if (error instanceof NotFoundError) return plain(404, "not_found", error.message);
  if (error instanceof ChangedError) return plain(412, "changed_meanwhile", error.message);
  if (error instanceof StorageError) return plain(503, "storage_unavailable", error.message);
  if (error instanceof ConflictError) return plain(409, "conflict", error.message);
  return null;
}

export function internalError(requestId: string): ErrorAnswer {
  const message = `An internal error occurred; it is logged with the id ${requestId}.`;
  return {
    status: 500,
    body: { error: { message, code: "internal_error", request_id: requestId } },
    headers: { "x-request-id": requestId },
  };
}

function plain(status: number, code: string, message: string): ErrorAnswer {
  return { status, body: { error: { message, code } }, headers: {} };
}
