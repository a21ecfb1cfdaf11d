/**
 * `bun scripts/licenses.ts`: writes THIRD_PARTY_LICENSES.txt, which goes into the executable
 * (`load-balancer version --licenses`): every package that `dependencies` brings, and the runtime.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..");
export const LICENSES_FILE = join(ROOT, "THIRD_PARTY_LICENSES.txt");
const RULE = "=".repeat(100);
const RUNTIME = `Bun, the runtime inside the executable (https://bun.sh), MIT License, Copyright (c) Jarred Sumner and others.
It links JavaScriptCore and WebKit (LGPL-2.1), whose sources are at https://github.com/oven-sh/WebKit, and other
libraries, each named with its licence at https://bun.sh/docs/project/license.`;

interface Manifest {
  name: string;
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
}

/** The file's whole text; the same for the same bun.lock. */
export function licensesText(): string {
  const packages = new Map<string, string>();
  const root = readManifest(ROOT);
  const waiting = Object.keys(root.dependencies ?? {});
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (packages.has(name)) continue;
    const folder = join(ROOT, "node_modules", name);
    const manifest = readManifest(folder);
    packages.set(name, describe(manifest, folder));
    waiting.push(...Object.keys(manifest.dependencies ?? {}));
  }
  const entries = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return `${[`Load Balancer contains the following software.`, RUNTIME, ...entries].join(`\n\n${RULE}\n`)}\n`;
}

function describe({ name, version, license = "see its text" }: Manifest, folder: string): string {
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
  return [`${name} ${version} (${license})`, ...texts].join("\n\n");
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

if (import.meta.main) await Bun.write(LICENSES_FILE, licensesText());
