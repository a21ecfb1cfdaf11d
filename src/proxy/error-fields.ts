export type FieldKind =
  /** Words for people. */
  | "text"
  /** An identifier, or an HTTP status. */
  | "name"
  /** An identifier whose numbers mean something only together with the field. */
  | "numbered"
  /** More fields are inside. */
  | "inside"
  /** States a wait. */
  | "wait"
  /** The answer of somebody else, as text or JSON. */
  | "quote"
  /** Response headers of somebody else. */
  | "headers"
  /** That it is there says all; what it holds is not looked at. */
  | "mark";

/**
 * The fields that matter in the bodies of errors; every other field is never looked at, least of all those that
 * echo the client's own words (`input`, `failed_generation`). The order is that of the message:
 * the first text found is the provider's sentence. A new shape is one more line here.
 */
const FIELDS: Record<string, FieldKind> = {
  message: "text",
  msg: "text",
  Message: "text",
  error_msg: "text",
  error_message: "text",
  errorMessage: "text",
  status_msg: "text",
  error_description: "text",
  faultstring: "text",
  detail: "text",
  error: "text",
  errors: "text",
  details: "text",
  title: "text",
  description: "text",
  base_resp: "inside",
  innererror: "inside",
  inner_error: "inside",
  metadata: "inside",
  violations: "inside",
  quotaDimensions: "inside",
  response: "inside",
  fault: "inside",
  code: "name",
  type: "name",
  status: "name",
  reason: "name",
  statusCode: "name",
  StatusCode: "name",
  http_code: "name",
  raw_status_code: "name",
  error_type: "name",
  errorcode: "name",
  errorCode: "name",
  Code: "name",
  __type: "name",
  limit_source: "name",
  quotaId: "name",
  quotaValue: "numbered",
  status_code: "numbered",
  error_code: "numbered",
  flagged_input: "mark",
  raw: "quote",
  headers: "headers",
  retryDelay: "wait",
  retry_after: "wait",
  retryAfter: "wait",
  retry_after_seconds: "wait",
  retryAfterSeconds: "wait",
  retry_after_ms: "wait",
  retryAfterMs: "wait",
  resets_in_seconds: "wait",
  resets_at: "wait",
  resetsAt: "wait",
  reset_at: "wait",
  resetAt: "wait",
  estimated_time: "wait",
};
/** The table as a list, in its order. */
export const FIELD_LIST: readonly [field: string, kind: FieldKind][] = Object.entries(FIELDS);
