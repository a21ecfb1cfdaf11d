import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import type { HeaderList } from "../upstream/types.ts";
import { findHeader } from "./headers.ts";

/** A body that unpacks to more is not looked at. */
const LONGEST_UNPACKED_BYTES = 16 * 1024 * 1024;

const limit = { maxOutputLength: LONGEST_UNPACKED_BYTES };
const unpackers: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  gzip: (bytes) => gunzipSync(bytes, limit),
  "x-gzip": (bytes) => gunzipSync(bytes, limit),
  deflate: (bytes) => inflateSync(bytes, limit),
  br: (bytes) => brotliDecompressSync(bytes, limit),
  zstd: (bytes) => zstdDecompressSync(bytes, limit),
};

const utf8 = new TextDecoder();

/** The `content-encoding` of an answer, or null where its bytes are what they say. */
export function encodingOf(headers: HeaderList): string | null {
  const encoding = findHeader(headers, "content-encoding")?.trim().toLowerCase() ?? "identity";
  return encoding === "identity" || encoding === "" ? null : encoding;
}

/** The body as text for looking at; null where it cannot be unpacked. The bytes themselves go on as they came. */
export function textOf(bytes: Uint8Array, encoding: string | null): string | null {
  if (encoding === null) return utf8.decode(bytes);
  const unpack = unpackers[encoding];
  if (unpack === undefined) return null;
  try {
    return utf8.decode(unpack(bytes));
  } catch {
    return null;
  }
}
