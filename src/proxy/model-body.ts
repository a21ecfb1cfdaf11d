import type { Endpoint } from "./endpoints.ts";
import type { FormField } from "./form-field.ts";
import { membersOf, withValue } from "./json-bytes.ts";
import type { UploadBody } from "./upload-body.ts";

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

/** Writes the model's name into a form whose field was found before; of the form's other bytes none changes. */
export function nameModel(upload: UploadBody, field: FormField, model: string): void {
  if (field.value === model || field.place === null) return;
  const value = new TextEncoder().encode(model);
  upload.replace(field.place, value);
  const { start } = field.place;
  field.value = model;
  field.place = { start, end: start + value.byteLength };
}
