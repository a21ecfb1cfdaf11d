/**
 * What the executable is made of, as CycloneDX 1.6: every package with its licence and the hash that bun.lock holds,
 * the runtime, and who needs whom. The same for the same bun.lock. `bun scripts/sbom.ts` prints it; a release has it
 * as sbom.cdx.json.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Manifest, ownManifest, shippedPackages } from "./shipped-packages.ts";

const ROOT = resolve(import.meta.dir, "..");
const RUNTIME = `pkg:github/oven-sh/bun@${Bun.version}`;
const SHA512 = "sha512-";

/** A package's entry of bun.lock: name and version, where from, its manifest, its hash. */
type LockEntry = [string, string, object, string];

export function sbomText(): string {
  const own = ownManifest();
  const ownRef = `pkg:generic/${own.name}@${own.version}`;
  const packages = shippedPackages();
  const versions = new Map(packages.map(({ name, version }) => [name, version]));
  const refOf = (name: string) => purl({ name, version: versions.get(name) ?? "" });
  const lock = Bun.JSONC.parse(readFileSync(join(ROOT, "bun.lock"), "utf8")) as {
    packages: Record<string, LockEntry>;
  };
  const graph = (ref: string, { dependencies = {} }: Manifest, ...more: string[]) => ({
    ref,
    dependsOn: [...Object.keys(dependencies).map(refOf), ...more].sort(),
  });
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "application", ...identity(own, ownRef), licenses: licensesOf(own) } },
    components: [
      { type: "platform", ...identity({ name: "bun", version: Bun.version }, RUNTIME) },
      ...packages.map((one) => ({
        type: "library",
        ...identity(one, purl(one)),
        licenses: licensesOf(one),
        hashes: hashesOf(lock.packages[one.name]),
      })),
    ],
    dependencies: [graph(ownRef, own, RUNTIME), ...packages.map((one) => graph(purl(one), one))],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function identity({ name, version }: Manifest, ref: string) {
  return { "bom-ref": ref, name, version, purl: ref };
}

function purl({ name, version }: Manifest): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function licensesOf({ license }: Manifest) {
  return license === undefined ? [] : [{ expression: license }];
}

function hashesOf(entry: LockEntry | undefined) {
  const integrity = entry?.[3] ?? "";
  if (!integrity.startsWith(SHA512)) return [];
  const content = Buffer.from(integrity.slice(SHA512.length), "base64").toString("hex");
  return [{ alg: "SHA-512", content }];
}

if (import.meta.main) process.stdout.write(sbomText());
