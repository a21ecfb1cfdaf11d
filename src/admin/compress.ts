import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** A page with many rows is mostly repetition: a quick level does nearly all there is to do. */
const LEVEL = 4;
/** What fits into one packet anyway. */
const MIN_BYTES = 1_400;

const toGzip = promisify(gzip);

/** The answer gzipped, away from the thread that serves, where the browser takes it and it is worth it. */
export async function compressed(answer: Response, request: Request): Promise<Response> {
  if (!/\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(request.headers.get("accept-encoding") ?? ""))
    return answer;
  // What comes piece by piece must not wait for its end.
  if (answer.headers.get("content-type")?.startsWith("text/event-stream")) return answer;
  const body = Buffer.from(await answer.arrayBuffer());
  const { status, headers } = answer;
  if (body.length < MIN_BYTES) return new Response(body.length === 0 ? null : body, { status, headers });
  headers.set("content-encoding", "gzip");
  headers.set("vary", "accept-encoding");
  return new Response(new Uint8Array(await toGzip(body, { level: LEVEL })), { status, headers });
}
