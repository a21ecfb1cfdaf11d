/**
 * `bun scripts/licenses.ts`: writes THIRD_PARTY_LICENSES.txt, which goes into the executable
 * (`load-balancer version --licenses`): every package that `dependencies` brings, and the runtime.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ShippedPackage, shippedPackages } from "./shipped-packages.ts";

const ROOT = resolve(import.meta.dir, "..");
export const LICENSES_FILE = join(ROOT, "THIRD_PARTY_LICENSES.txt");
const RULE = "=".repeat(100);
const RUNTIME = `Bun, the runtime inside the executable (https://bun.sh), MIT License, Copyright (c) Jarred Sumner and others.
It links JavaScriptCore and WebKit (LGPL-2.1), whose sources are at https://github.com/oven-sh/WebKit, and other
libraries, each named with its licence at https://bun.sh/docs/project/license.`;

/** The file's whole text; the same for the same bun.lock. */
export function licensesText(): string {
  const entries = shippedPackages().map(describe);
  return `${[`Load Balancer contains the following software.`, RUNTIME, ...entries].join(`\n\n${RULE}\n`)}\n`;
}

function describe({ name, version, license = "see its text", folder }: ShippedPackage): string {
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
  return [`${name} ${version} (${license})`, ...texts].join("\n\n");
}

if (import.meta.main) await Bun.write(LICENSES_FILE, licensesText());
