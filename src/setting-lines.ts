/** How settings that hold a table are written by people: one entry a line, `name = …`. */

export interface LineFormat {
  /** What stands on a line, as an order: "write asked = served". */
  form: string;
  /** Two or three lines. */
  example: string;
  /** An entry as the right side of its line. */
  write(entry: unknown): string;
  /** The right side as an entry, which the setting's own check then looks at. */
  read(text: string): unknown;
}

/** `fast = llama-3.3-70b @ Groq` */
export const aliasLines: LineFormat = {
  form: "write asked = served, or asked = served @ upstream",
  example: "gpt-4 = gpt-4o\nfast = llama-3.3-70b @ Groq",
  write(entry) {
    if (typeof entry === "string") return entry;
    const { model, upstream } = entry as { model: string; upstream?: string };
    return upstream === undefined ? model : `${model} @ ${upstream}`;
  },
  read(text) {
    const [model, upstream, ...others] = text.split(/\s+@\s+/);
    if (others.length > 0) return null;
    return upstream === undefined ? model : { model, upstream };
  },
};

/** `gpt-4o = gpt-4.1, gpt-4o-mini` */
export const fallbackLines: LineFormat = {
  form: "write model = first substitute, second substitute, at most 10",
  example: "gpt-4o = gpt-4.1, gpt-4o-mini\nclaude-sonnet-4-5 = claude-haiku-4-5",
  write: (entry) => (entry as string[]).join(", "),
  read: (text) => text.split(",").map((model) => model.trim()),
};

/** `my-model = input 0.5, cached_input 0.1, output 2` */
export const priceLines: LineFormat = {
  form: "write model = input 0.5, output 2, with cached_input 0.1 between them if need be",
  example: "my-model = input 0.5, output 2\nother = input 3, cached_input 0.3, output 15",
  write: (entry) =>
    Object.entries(entry as Record<string, number>)
      .map(([name, usd]) => `${name} ${usd}`)
      .join(", "),
  read(text) {
    const parts = text.split(",").map((part) => /^\s*(\w+)\s+(\d{1,9}(?:\.\d{1,9})?)\s*$/.exec(part));
    if (parts.includes(null)) return null;
    return Object.fromEntries(parts.map((part) => [part?.[1], Number(part?.[2])]));
  },
};

export interface Line {
  /** From 1. */
  number: number;
  name: string;
  entry: unknown;
}

/** The entries of a text, empty lines left out; or what is wrong with its first bad line. */
export function readLines(text: string, format: LineFormat): Line[] | string {
  const lines: Line[] = [];
  const names = new Map<string, number>();
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (raw.trim() === "") continue;
    const number = index + 1;
    const at = raw.indexOf("=");
    const name = raw.slice(0, at).trim();
    const right = raw.slice(at + 1).trim();
    if (at < 0 || name === "" || right === "") return `line ${number}: ${format.form}`;
    const before = names.get(name);
    if (before !== undefined)
      return `line ${number}: ${JSON.stringify(name)} stands in line ${before} already`;
    names.set(name, number);
    lines.push({ number, name, entry: format.read(right) });
  }
  return lines;
}

export function writeLines(entries: Readonly<Record<string, unknown>>, format: LineFormat): string {
  return Object.entries(entries)
    .map(([name, entry]) => `${name} = ${format.write(entry)}`)
    .join("\n");
}
