/** A path with those of its parameters that say something. Not yet escaped for HTML: `attr` does that. */
export function href(path: string, parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** A key's own page, or what can be done there. */
export function keyPath(id: string, action?: string): string {
  return pathOf("keys", id, action);
}

export function poolPath(id: string, action?: string): string {
  return pathOf("pools", id, action);
}

export function upstreamPath(id: string, action?: string): string {
  return pathOf("upstreams", id, action);
}

/** The list of keys, those of one pool or upstream. */
export function keysHref(filter: { pool?: string; upstream?: string; status?: string }): string {
  return href("/keys", { ...filter });
}

function pathOf(noun: string, id: string, action?: string): string {
  return `/${noun}/${encodeURIComponent(id)}${action ? `/${action}` : ""}`;
}
