import type { Endpoint } from "./endpoints.ts";
import { membersOf, withValue } from "./json-bytes.ts";

/** The body with another `model`; no other byte changes. It must be JSON that was parsed before. */
export function bodyWithModel(body: Uint8Array, model: string): Uint8Array {
  const members = membersOf(body).filter(({ name }) => name === "model");
  return members.length === 0 ? body : withValue(body, members, JSON.stringify(model));
}

/** The target with another model at the end of its path; the query stays. */
export function targetWithModel(target: string, endpoint: Endpoint, model: string): string {
  const query = target.indexOf("?");
  const search = query < 0 ? "" : target.slice(query);
  const id = model.split("/").map(encodeURIComponent).join("/");
  return endpoint.path.slice(0, -1) + id + search;
}
