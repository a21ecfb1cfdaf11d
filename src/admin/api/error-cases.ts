import { type Route, takesIfMatch } from "./route.ts";

/** An error that a call may answer, as the API's description tells it. */
export interface ErrorCase {
  status: number;
  code: string;
  when: string;
  fits(route: Route): boolean;
}

const isChange = ({ method }: Route) => method !== "GET";
const isOfOne = ({ path }: Route) => path.includes("/:id");

/** Every error of the admin API. */
export const ERRORS: readonly ErrorCase[] = [
  { status: 401, code: "unauthorized", when: "The token or session is missing or wrong.", fits: () => true },
  {
    status: 403,
    code: "cross_site_refused",
    when: "A session's change that does not come from a page of this server.",
    fits: () => true,
  },
  {
    status: 403,
    code: "wrong_password",
    when: "The header `x-admin-password` is missing or wrong.",
    fits: () => false,
  },
  {
    status: 429,
    code: "too_many_tries",
    when: "The password was wrong too often; `retry-after` says when to try again.",
    fits: () => false,
  },
  { status: 404, code: "not_found", when: "There is no such thing.", fits: isOfOne },
  {
    status: 409,
    code: "conflict",
    when: "It contradicts what is there; the message says what.",
    fits: isChange,
  },
  {
    status: 412,
    code: "changed_meanwhile",
    when: "Somebody else changed it: it is not any more as `if-match` says.",
    fits: takesIfMatch,
  },
  {
    status: 413,
    code: "request_too_large",
    when: "The body has too many bytes.",
    fits: ({ body }) => body !== null,
  },
  {
    status: 422,
    code: "invalid_input",
    when: "The input does not fit; `fields` names each problem, and nothing was changed.",
    fits: (route) => route.query !== null || route.body !== null || takesIfMatch(route),
  },
  {
    status: 500,
    code: "internal_error",
    when: "A fault of this program; its log has it under `request_id`.",
    fits: () => true,
  },
  {
    status: 503,
    code: "storage_unavailable",
    when: "The disk did not take what was to be written; the message says why, and nothing was changed.",
    fits: isChange,
  },
  {
    status: 503,
    code: "overloaded",
    when: "Too many watch already; `retry-after` says when to come again.",
    fits: () => false,
  },
];
