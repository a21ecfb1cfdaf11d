import type { Upstream } from "../types.ts";
import { quirksOf } from "../upstream/presets.ts";
import type { HeaderList } from "../upstream/types.ts";
import { authHeader, findHeader } from "./headers.ts";

/** The whole URL for a target below the base, with the query parameter that its provider insists on. */
export function urlAt(upstream: Upstream, target: string): string {
  const { query } = quirksOf(upstream.baseUrl);
  const url = upstream.baseUrl + target;
  return query === null ? url : withQuery(url, query);
}

/** Where the upstream's models are listed. */
export function modelsUrl(upstream: Upstream): string {
  const { modelsAt, query } = quirksOf(upstream.baseUrl);
  const url = new URL(modelsAt, `${upstream.baseUrl}/`).href;
  return query === null ? url : withQuery(url, query);
}

/** A request's headers with the key in the form that the upstream wants on this path, and what it needs beside. */
export function headersTo(upstream: Upstream, path: string, secret: string, given: HeaderList): HeaderList {
  const { headers, pathAuth } = quirksOf(upstream.baseUrl);
  const style = pathAuth.find(([prefix]) => path.startsWith(prefix))?.[1] ?? upstream.authStyle;
  const list: HeaderList = [...given, authHeader(style, secret)];
  for (const [name, value] of headers) if (findHeader(given, name) === null) list.push([name, value]);
  return list;
}

/** A client's own value for the parameter stays. */
function withQuery(url: string, query: string): string {
  const start = url.indexOf("?");
  if (start < 0) return `${url}?${query}`;
  const name = query.slice(0, query.indexOf("=") + 1);
  const hasIt = url
    .slice(start + 1)
    .split("&")
    .some((one) => one.startsWith(name));
  return hasIt ? url : `${url}&${query}`;
}
