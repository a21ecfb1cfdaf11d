/// <reference path="../public/files.d.ts" />
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import alpinePath from "@alpinejs/csp/dist/cdn.min.js" with { type: "file" };
import picoPath from "@picocss/pico/css/pico.min.css" with { type: "file" };
import { Elysia } from "elysia";
import htmxSsePath from "htmx.org/dist/ext/hx-sse.min.js" with { type: "file" };
import htmxPath from "htmx.org/dist/htmx.min.js" with { type: "file" };
import uplotJsPath from "uplot/dist/uPlot.iife.min.js" with { type: "file" };
import uplotCssPath from "uplot/dist/uPlot.min.css" with { type: "file" };

import appJsPath from "../public/app.js" with { type: "file" };
import bootJsPath from "../public/boot.js" with { type: "file" };
import faviconPath from "../public/favicon.svg" with { type: "file" };
import chartsPath from "../public/styles/charts.css" with { type: "file" };
import controlsPath from "../public/styles/controls.css" with { type: "file" };
import dashboardPath from "../public/styles/dashboard.css" with { type: "file" };
import docsPath from "../public/styles/docs.css" with { type: "file" };
import formsPath from "../public/styles/forms.css" with { type: "file" };
import framePath from "../public/styles/frame.css" with { type: "file" };
import groundPath from "../public/styles/ground.css" with { type: "file" };
import logsPath from "../public/styles/logs.css" with { type: "file" };
import phonePath from "../public/styles/phone.css" with { type: "file" };
import piecesPath from "../public/styles/pieces.css" with { type: "file" };
import placesPath from "../public/styles/places.css" with { type: "file" };
import playgroundPath from "../public/styles/playground.css" with { type: "file" };
import tablesPath from "../public/styles/tables.css" with { type: "file" };
import tokensPath from "../public/styles/tokens.css" with { type: "file" };

const CSS = "text/css; charset=utf-8";
const JS = "text/javascript; charset=utf-8";
const SVG = "image/svg+xml";

/** Later rules go before earlier ones: the phone has the last word. */
const STYLES = [
  tokensPath,
  groundPath,
  framePath,
  controlsPath,
  piecesPath,
  tablesPath,
  dashboardPath,
  chartsPath,
  formsPath,
  docsPath,
  placesPath,
  playgroundPath,
  logsPath,
  phonePath,
];

interface AssetFile {
  /** One file, or several that are served as one. */
  paths: readonly string[];
  type: string;
  /** The style sheet becomes this cascade layer, so that every rule of `app.css` goes before it. */
  layer?: string;
}

/** Every file that a browser may ask for. Naming them here is what puts them into the executable. */
const FILES = {
  "pico.css": { paths: [picoPath], type: CSS, layer: "pico" },
  "uplot.css": { paths: [uplotCssPath], type: CSS, layer: "uplot" },
  "app.css": { paths: STYLES, type: CSS },
  "boot.js": { paths: [bootJsPath], type: JS },
  "htmx.js": { paths: [htmxPath], type: JS },
  "htmx-sse.js": { paths: [htmxSsePath], type: JS },
  "alpine.js": { paths: [alpinePath], type: JS },
  "uplot.js": { paths: [uplotJsPath], type: JS },
  "app.js": { paths: [appJsPath], type: JS },
  "favicon.svg": { paths: [faviconPath], type: SVG },
} as const satisfies Record<string, AssetFile>;

export type AssetName = keyof typeof FILES;
type Encoding = "br" | "gzip" | "identity";

interface Asset {
  type: string;
  /** Ten hex digits of the content's SHA-256. */
  hash: string;
  /** Made when first asked for, away from the thread that serves. */
  bodies: Partial<Record<Encoding, Promise<Uint8Array<ArrayBuffer>>>>;
}

const HASH_DIGITS = 10;
const loaded = new Map<AssetName, Asset>();

function load(name: AssetName): Asset {
  const known = loaded.get(name);
  if (known) return known;
  const content = readAsset(FILES[name]);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, HASH_DIGITS);
  const asset: Asset = { type: FILES[name].type, hash, bodies: { identity: Promise.resolve(content) } };
  loaded.set(name, asset);
  return asset;
}

function readAsset({ paths, layer }: AssetFile): Uint8Array<ArrayBuffer> {
  const content = Buffer.concat(paths.map((path) => readFileSync(path)));
  if (layer === undefined) return new Uint8Array(content);
  // In a layer, !important would go before everything outside of it.
  const rules = content
    .toString("utf8")
    .replace(/^@charset "utf-8";/i, "")
    .replaceAll("!important", "");
  return new TextEncoder().encode(`@layer ${layer}{${rules}}`);
}

/** `/assets/app-0a1b2c3d4e.css`: the name changes with the content, so browsers may keep the file for ever. */
export function assetUrl(name: AssetName): string {
  const dot = name.lastIndexOf(".");
  return `/assets/${name.slice(0, dot)}-${load(name).hash}${name.slice(dot)}`;
}

/** `GET /assets/*`: pre-compressed, immutable, with an ETag. */
export function createAssets() {
  return new Elysia({ name: "assets" }).get("/assets/:file", async ({ params, request }) => {
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
    return new Response(await encoded(asset, encoding), { headers });
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

const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);

function encoded(asset: Asset, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  asset.bodies[encoding] ??= compress(asset, encoding);
  return asset.bodies[encoding];
}

async function compress(asset: Asset, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  const plain = (await asset.bodies.identity) ?? new Uint8Array();
  const best = constants.BROTLI_MAX_QUALITY;
  return new Uint8Array(
    encoding === "br"
      ? await toBrotli(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: best } })
      : await toGzip(plain, { level: constants.Z_BEST_COMPRESSION }),
  );
}
