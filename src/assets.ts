/// <reference path="../public/files.d.ts" />
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import alpinePath from "@alpinejs/csp/dist/cdn.min.js" with { type: "file" };
import picoPath from "@picocss/pico/css/pico.min.css" with { type: "file" };
import { Elysia } from "elysia";
import htmxPath from "htmx.org/dist/htmx.min.js" with { type: "file" };
import appCssPath from "../public/app.css" with { type: "file" };
import appJsPath from "../public/app.js" with { type: "file" };
import bootJsPath from "../public/boot.js" with { type: "file" };
import faviconPath from "../public/favicon.svg" with { type: "file" };

const CSS = "text/css; charset=utf-8";
const JS = "text/javascript; charset=utf-8";
const SVG = "image/svg+xml";

interface AssetFile {
  path: string;
  type: string;
  /** The style sheet becomes this cascade layer, so that every rule of `app.css` goes before it. */
  layer?: string;
}

/** Every file that a browser may ask for. Naming them here is what puts them into the executable. */
const FILES = {
  "pico.css": { path: picoPath, type: CSS, layer: "pico" },
  "app.css": { path: appCssPath, type: CSS },
  "boot.js": { path: bootJsPath, type: JS },
  "htmx.js": { path: htmxPath, type: JS },
  "alpine.js": { path: alpinePath, type: JS },
  "app.js": { path: appJsPath, type: JS },
  "favicon.svg": { path: faviconPath, type: SVG },
} as const satisfies Record<string, AssetFile>;

export type AssetName = keyof typeof FILES;
type Encoding = "br" | "gzip" | "identity";

interface Asset {
  type: string;
  /** Ten hex digits of the content's SHA-256. */
  hash: string;
  /** Made when first asked for. */
  bodies: Partial<Record<Encoding, Uint8Array<ArrayBuffer>>>;
}

const HASH_DIGITS = 10;
const loaded = new Map<AssetName, Asset>();

function load(name: AssetName): Asset {
  const known = loaded.get(name);
  if (known) return known;
  const content = readAsset(FILES[name]);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, HASH_DIGITS);
  const asset: Asset = { type: FILES[name].type, hash, bodies: { identity: content } };
  loaded.set(name, asset);
  return asset;
}

function readAsset({ path, layer }: AssetFile): Uint8Array<ArrayBuffer> {
  const content = readFileSync(path);
  if (layer === undefined) return new Uint8Array(content);
  const rules = content.toString("utf8").replace(/^@charset "utf-8";/i, "");
  return new TextEncoder().encode(`@layer ${layer}{${rules}}`);
}

/** `/assets/app-0a1b2c3d4e.css`: the name changes with the content, so browsers may keep the file for ever. */
export function assetUrl(name: AssetName): string {
  const dot = name.lastIndexOf(".");
  return `/assets/${name.slice(0, dot)}-${load(name).hash}${name.slice(dot)}`;
}

/** What a file weighs on its way to a browser that takes brotli. */
export function compressedBytes(name: AssetName): number {
  return encoded(load(name), "br").byteLength;
}

/** `GET /assets/*`: pre-compressed, immutable, with an ETag. */
export function createAssets() {
  return new Elysia({ name: "assets" }).get("/assets/:file", ({ params, request }) => {
    const name = assetName(params.file);
    if (!name) return new Response("Not found\n", { status: 404, headers: { "content-type": "text/plain" } });
    const asset = load(name);
    const encoding = acceptedEncoding(request.headers.get("accept-encoding") ?? "");
    const headers = new Headers({
      "content-type": asset.type,
      "cache-control": "public, max-age=31536000, immutable",
      etag: `"${asset.hash}-${encoding}"`,
      vary: "accept-encoding",
      "x-content-type-options": "nosniff",
    });
    if (request.headers.get("if-none-match") === headers.get("etag"))
      return new Response(null, { status: 304, headers });
    if (encoding !== "identity") headers.set("content-encoding", encoding);
    return new Response(encoded(asset, encoding), { headers });
  });
}

/** The file behind a hashed name; undefined for anything but the current hash. */
function assetName(file: string): AssetName | undefined {
  return (Object.keys(FILES) as AssetName[]).find((name) => assetUrl(name) === `/assets/${file}`);
}

function acceptedEncoding(accepted: string): Encoding {
  for (const encoding of ["br", "gzip"] as const) {
    const offer = accepted.split(",").find((part) => part.trim().split(";")[0]?.trim() === encoding);
    if (offer && !/;\s*q=0(\.0*)?\s*$/.test(offer)) return encoding;
  }
  return "identity";
}

function encoded(asset: Asset, encoding: Encoding): Uint8Array<ArrayBuffer> {
  const plain = asset.bodies.identity as Uint8Array<ArrayBuffer>;
  asset.bodies[encoding] ??= new Uint8Array(
    encoding === "br"
      ? brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
      : gzipSync(plain, { level: 9 }),
  );
  return asset.bodies[encoding];
}
