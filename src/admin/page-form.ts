import { InputError } from "../types.ts";

/** A paste of keys may have 5 MiB; percent-encoding makes it longer. */
const MAX_FORM_BYTES = 8 * 1024 * 1024;
const MULTIPART = "multipart/form-data";

/** Reads a form as browsers send it, without ever holding more of it than is allowed. */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get("content-type") ?? "";
  if (!type.startsWith("application/x-www-form-urlencoded")) return new URLSearchParams();
  return new URLSearchParams((await readBytes(request, MAX_FORM_BYTES)).toString("utf8"));
}

/** The same of a form that may carry files, in the order of its fields. */
export async function readFileForm(
  request: Request,
  maxBytes = MAX_FORM_BYTES,
): Promise<{ fields: URLSearchParams; files: Blob[] }> {
  const type = request.headers.get("content-type") ?? "";
  if (!type.startsWith(MULTIPART)) return { fields: await readForm(request), files: [] };
  const bytes = await readBytes(request, maxBytes);
  const fields = new URLSearchParams();
  const files: Blob[] = [];
  for (const [name, value] of await parse(bytes, type)) {
    if (typeof value === "string") fields.append(name, value);
    else files.push(value);
  }
  return { fields, files };
}

async function parse(bytes: Buffer, type: string): Promise<[string, string | File][]> {
  try {
    const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
    return [...form] as [string, string | File][];
  } catch {
    throw new InputError("The form came broken; send it again.");
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.byteLength;
    if (size > maxBytes) throw new InputError(`The form is larger than ${maxBytes / 1024 / 1024} MiB.`);
    chunks.push(part.value);
  }
  return Buffer.concat(chunks);
}
