import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..");

export interface Manifest {
  name: string;
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
}

/** A package that the executable contains. */
export interface ShippedPackage extends Manifest {
  folder: string;
}

export function ownManifest(): Manifest {
  return readManifest(ROOT);
}

/** Every package that `dependencies` brings, by name; those for development alone are not in the executable. */
export function shippedPackages(): ShippedPackage[] {
  const packages = new Map<string, ShippedPackage>();
  const waiting = Object.keys(ownManifest().dependencies ?? {});
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (packages.has(name)) continue;
    const folder = join(ROOT, "node_modules", name);
    const manifest = readManifest(folder);
    packages.set(name, { ...manifest, folder });
    waiting.push(...Object.keys(manifest.dependencies ?? {}));
  }
  return [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}
