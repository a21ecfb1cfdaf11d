import type { Upstream } from "../types.ts";
import type { HeaderList, UpstreamRequest } from "../upstream/types.ts";
import type { ProxyRequest } from "./request.ts";
import { withUsageAsked } from "./stream-usage.ts";
import { headersTo, urlAt } from "./upstream-address.ts";

/**
 * A client's request as one upstream gets it with one key.
 * @param addsUsage Ask for a stream's usage in the client's stead.
 */
export function upstreamRequest(
  request: ProxyRequest,
  upstream: Upstream,
  secret: string,
  addsUsage: boolean,
): UpstreamRequest {
  const { method, target, path, body, upload } = request;
  const given = addsUsage ? withoutCompression(request.headers) : request.headers;
  return {
    method,
    url: urlAt(upstream, target),
    headers: headersTo(upstream, path, secret, given),
    body: upload?.open() ?? (addsUsage && body !== null ? withUsageAsked(body) : body),
  };
}

/** What is to be taken out of the answer again must be readable. */
function withoutCompression(headers: HeaderList): HeaderList {
  return headers.map(([name, value]) => [name, name === "accept-encoding" ? "identity" : value]);
}
