/// <reference path="../public/files.d.ts" />
import manifest from "../package.json" with { type: "json" };
import licensesPath from "../THIRD_PARTY_LICENSES.txt" with { type: "file" };

/** The one place that the version is written in is package.json. */
export const version: string = manifest.version;

/** The licences of all software that is inside, as one text. */
export const readLicenses = (): Promise<string> => Bun.file(licensesPath).text();
