import {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzipSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";
import type { HeaderList } from "../upstream/types.ts";
import { findHeader } from "./headers.ts";

/** A body that unpacks to more is not looked at. */
const LONGEST_UNPACKED_BYTES = 16 * 1024 * 1024;

const limit = { maxOutputLength: LONGEST_UNPACKED_BYTES };

interface Packing {
  unpack(bytes: Uint8Array): Uint8Array;
  /** Of bytes that are only the beginning. */
  unpackBeginning(bytes: Uint8Array): Uint8Array;
  unpacker(): Unpacker;
}

/** The part of node's streams that is used. */
interface Unpacker {
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  on(event: "end" | "error", listener: () => void): unknown;
  write(bytes: Uint8Array): unknown;
  end(): unknown;
  destroy(): unknown;
}

const zlibFlush = { ...limit, finishFlush: constants.Z_SYNC_FLUSH };
const brotliFlush = { ...limit, finishFlush: constants.BROTLI_OPERATION_FLUSH };
const zstdFlush = { ...limit, finishFlush: constants.ZSTD_e_flush };
const gzip: Packing = {
  unpack: (bytes) => gunzipSync(bytes, limit),
  unpackBeginning: (bytes) => gunzipSync(bytes, zlibFlush),
  unpacker: () => createGunzip(),
};
const packings: Record<string, Packing> = {
  gzip,
  "x-gzip": gzip,
  deflate: {
    unpack: (bytes) => inflateSync(bytes, limit),
    unpackBeginning: (bytes) => inflateSync(bytes, zlibFlush),
    unpacker: () => createInflate(),
  },
  br: {
    unpack: (bytes) => brotliDecompressSync(bytes, limit),
    unpackBeginning: (bytes) => brotliDecompressSync(bytes, brotliFlush),
    unpacker: () => createBrotliDecompress(),
  },
  zstd: {
    unpack: (bytes) => zstdDecompressSync(bytes, limit),
    unpackBeginning: (bytes) => zstdDecompressSync(bytes, zstdFlush),
    unpacker: () => createZstdDecompress(),
  },
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
  return tryUnpack(packings[encoding]?.unpack, bytes);
}

/** The same of the beginning of a body, as far as it can be unpacked. */
export function textOfBeginning(bytes: Uint8Array, encoding: string | null): string | null {
  if (encoding === null) return utf8.decode(bytes);
  return tryUnpack(packings[encoding]?.unpackBeginning, bytes);
}

function tryUnpack(unpack: Packing["unpack"] | undefined, bytes: Uint8Array): string | null {
  if (unpack === undefined) return null;
  try {
    return utf8.decode(unpack(bytes));
  } catch {
    return null;
  }
}

/** Unpacks a body on the side while it passes, for looking at. */
export interface SideUnpacker {
  push(chunk: Uint8Array): void;
  /** Resolves when all that came was looked at. */
  end(): Promise<void>;
  /** Whether what came could be unpacked at all. */
  readonly failed: boolean;
}

/** Null where the encoding is not known. */
export function unpackOnTheSide(encoding: string, look: (bytes: Uint8Array) => void): SideUnpacker | null {
  const packing = packings[encoding];
  if (packing === undefined) return null;
  const unpacker = packing.unpacker();
  const { promise, resolve } = Promise.withResolvers<void>();
  const side = {
    failed: false,
    push: (chunk: Uint8Array) => {
      if (!side.failed) unpacker.write(chunk);
    },
    end: () => {
      unpacker.end();
      return promise;
    },
  };
  unpacker.on("data", look);
  unpacker.on("end", resolve);
  unpacker.on("error", () => {
    side.failed = true;
    unpacker.destroy();
    resolve();
  });
  return side;
}
