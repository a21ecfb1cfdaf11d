import type { RequestRecord } from "../src/types.ts";
import { asCurl } from "./code-samples.ts";

/** The log seldom keeps what was asked, and never sends it again; this stands in its place. */
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
 * A request like this one: same endpoint, pool and model; what was said in it is not known.
 * @param base up to the endpoint, with `/v1`.
 */
export function logCurl(base: string, request: RequestRecord): string {
  const url = base + request.endpoint;
  const needed = Object.hasOwn(BODIES, request.endpoint) ? BODIES[request.endpoint] : undefined;
  if (request.model === null && needed === undefined)
    return asCurl(url, null, request.requestBytes === 0 ? "GET" : "POST");
  const body = { ...(request.model !== null && { model: request.model }), ...needed };
  return asCurl(url, request.stream ? { ...body, stream: true } : body);
}
