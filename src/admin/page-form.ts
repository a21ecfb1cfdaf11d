import { InputError } from "../types.ts";

/** A paste of keys may have 5 MiB; percent-encoding makes it longer. */
const MAX_FORM_BYTES = 8 * 1024 * 1024;

/** Reads a form as browsers send it, without ever holding more of it than is allowed. */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get("content-type") ?? "";
  if (request.body === null || !type.startsWith("application/x-www-form-urlencoded"))
    return new URLSearchParams();
  const chunks: Uint8Array[] = [];
  const reader = request.body.getReader();
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength;
    if (size > MAX_FORM_BYTES)
      throw new InputError(`The form is larger than ${MAX_FORM_BYTES / 1024 / 1024} MiB.`);
    chunks.push(part.value);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}
