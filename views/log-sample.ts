import type { RequestRecord } from "../src/types.ts";
import { asCurl } from "./code-samples.ts";

/** Where the log did not keep what was asked, this stands in its place. */
const STAND_IN = "Hello";

/** What a request to an endpoint cannot do without, apart from the model. */
const BODIES: Record<string, object> = {
  "/chat/completions": { messages: [{ role: "user", content: STAND_IN }] },
  "/completions": { prompt: STAND_IN },
  "/responses": { input: STAND_IN },
  "/embeddings": { input: STAND_IN },
  "/moderations": { input: STAND_IN },
  "/images/generations": { prompt: STAND_IN },
  "/audio/speech": { input: STAND_IN, voice: "alloy" },
};

/**
 * The request again, with its own body where all of it was kept, but for keys; else one like it: same endpoint, pool
 * and model.
 * @param base up to the endpoint, with `/v1`.
 */
export function logCurl(base: string, request: RequestRecord): string {
  const url = base + request.endpoint;
  const kept = keptBody(request);
  if (kept !== null) return asCurl(url, kept);
  const needed = Object.hasOwn(BODIES, request.endpoint) ? BODIES[request.endpoint] : undefined;
  if (request.model === null && needed === undefined)
    return asCurl(url, null, request.requestBytes === 0 ? "GET" : "POST");
  const body = { ...(request.model !== null && { model: request.model }), ...needed };
  return asCurl(url, request.stream ? { ...body, stream: true } : body);
}

/** The whole body as text; null where it was not kept, or only its beginning. */
export function keptBody({ bodies }: RequestRecord): string | null {
  return bodies?.request == null || bodies.request.isCut ? null : bodies.request.text;
}
