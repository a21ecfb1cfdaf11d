const ENV_LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/;
const QUOTED = /^(["'`])(.*?)\1(?:\s+#.*)?$/;
const COMMENT = /(?:^|\s)#.*$/;

/**
 * Values are taken as they stand: no `$` and no `\` is expanded, and `#` begins a comment only after a space, for
 * a password may hold any character (`parseEnv` of node:util makes `pa$word` of `pa$word#1`). A value in quotes
 * may hold everything but a line break.
 */
export function parseEnvFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const [, name, raw = ""] = ENV_LINE.exec(line) ?? [];
    if (name !== undefined) values[name] = QUOTED.exec(raw)?.[2] ?? raw.replace(COMMENT, "");
  }
  return values;
}
