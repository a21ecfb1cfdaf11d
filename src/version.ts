import manifest from "../package.json" with { type: "json" };

/** The one place that the version is written in is package.json. */
export const version: string = manifest.version;
