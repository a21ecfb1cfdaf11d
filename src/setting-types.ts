import { Cron } from "croner";
import { type LineFormat, readLines, writeLines } from "./setting-lines.ts";

/** Kinds of setting: how a value is read from JSON, from a form's text and from storage alike. */

type SettingKind = "int" | "number" | "boolean" | "enum" | "url" | "string" | "time_zone" | "map";

/** What is wrong with a value, as an order: "give …". */
export class Problem {
  constructor(readonly text: string) {}
}

/** Says what is wrong with a base URL, or null: the address guard, handed in by whoever has one. */
export type BaseUrlCheck = (url: string) => string | null;

export interface SettingType<T> {
  kind: SettingKind;
  read(input: unknown, checkBaseUrl?: BaseUrlCheck): T | Problem;
  /** A value as a form has it, where it is not simply its text. */
  write?(value: T): string;
  /** How it is written in a form of several lines. */
  lines?: Pick<LineFormat, "form" | "example">;
  /** Shown as `HIDDEN` only. */
  isSecret?: boolean;
  /** For numbers, both included. */
  min?: number;
  max?: number;
  unit?: string;
  /** For `enum`. */
  options?: readonly string[];
}

const MAX_TEXT_CHARACTERS = 2048;
const MAX_MAP_CHARACTERS = 65_536;

export function int(min: number, max: number, unit: string): SettingType<number> {
  const form = `give a whole number from ${min} to ${max}`;
  const read = (input: unknown) => {
    const value = readNumber(input);
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : new Problem(form);
  };
  return { kind: "int", min, max, unit, read };
}

export function number(min: number, max: number, unit: string): SettingType<number> {
  const read = (input: unknown) => {
    const value = readNumber(input);
    return value >= min && value <= max ? value : new Problem(`give a number from ${min} to ${max}`);
  };
  return { kind: "number", min, max, unit, read };
}

/** `on` is what a form's checkbox sends. */
export function boolean(): SettingType<boolean> {
  const values = new Map<unknown, boolean>([
    [true, true],
    ["true", true],
    ["on", true],
    [false, false],
    ["false", false],
  ]);
  return { kind: "boolean", read: (input) => values.get(input) ?? new Problem("give true or false") };
}

export function oneOf<const Option extends string>(options: readonly Option[]): SettingType<Option> {
  const problem = new Problem(`give one of ${options.join(", ")}`);
  return { kind: "enum", options, read: (input) => options.find((option) => option === input) ?? problem };
}

export function text(maxCharacters = MAX_TEXT_CHARACTERS): SettingType<string> {
  const problem = new Problem(`give text of at most ${maxCharacters} characters`);
  const read = (input: unknown) =>
    typeof input === "string" && input.length <= maxCharacters ? input : problem;
  return { kind: "string", read };
}

/** What stands in a secret's place wherever settings are shown; sent back, it means: as it is. */
const HIDDEN = "[hidden]";

/** A secret that shows itself to nobody by being written out: only `reveal` gives it. */
export class HiddenText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }
}

export function secret(minCharacters: number, maxCharacters: number): SettingType<HiddenText> {
  const problem = new Problem(`give text of ${minCharacters} to ${maxCharacters} characters`);
  const fits = (text: string) => text.length >= minCharacters && text.length <= maxCharacters;
  return {
    kind: "string",
    isSecret: true,
    read: (input) => (typeof input === "string" && fits(input) ? new HiddenText(input) : problem),
  };
}

/** Whether a form or a script sends back what it was shown of a secret. */
export function isHidden(input: unknown): boolean {
  return input === HIDDEN || input === JSON.stringify(HIDDEN);
}

/** Where something is sent to: as `url`, with a query if need be; no presets fit it. */
export function target(): SettingType<string> {
  return { kind: "string", read: (input, check) => readUrl(input, check, true) };
}

/** An http(s) address without credentials, query and fragment; the slashes at its end are taken off. */
export function url(): SettingType<string> {
  return { kind: "url", read: (input, check) => readUrl(input, check) };
}

const MAX_ORIGINS = 100;

/** Web origins with commas or blanks between them, `*` for any; kept as one text with ", " between them. */
export function origins(): SettingType<string> {
  const form = "give origins such as https://app.example.com, or *";
  const read = (input: unknown) => {
    if (typeof input !== "string" && !Array.isArray(input)) return new Problem(form);
    const given = (typeof input === "string" ? input : input.join(",")).split(/[\s,]+/).filter(Boolean);
    if (given.length > MAX_ORIGINS) return new Problem(`give at most ${MAX_ORIGINS} origins`);
    const read = new Set<string>();
    for (const text of given) {
      const origin = text === "*" ? text : originOf(text);
      if (origin === null) return new Problem(`${JSON.stringify(text)} is no origin: ${form}`);
      read.add(origin);
    }
    return [...read].join(", ");
  };
  const lines = {
    form: "write one origin",
    example: "https://app.example.com\nhttps://chat.example.org",
  };
  return { kind: "string", read, write: (value) => value.replaceAll(", ", "\n"), lines };
}

function originOf(text: string): string | null {
  const { origin, pathname, search, hash } = URL.parse(text) ?? {};
  const isBare = pathname === "/" && search === "" && hash === "" && !text.includes("@");
  return isBare && origin !== undefined && /^https?:/.test(origin) ? origin : null;
}

/** An IANA name, spelled as the standard spells it. */
export function timeZone(): SettingType<string> {
  const problem = new Problem("give a time zone by its IANA name, such as UTC or Europe/Berlin");
  const read = (input: unknown) => {
    // Offsets such as +02:00 are no IANA names, though Intl takes them.
    if (typeof input !== "string" || !/^[A-Za-z]/.test(input.trim())) return problem;
    try {
      return new Intl.DateTimeFormat("en", { timeZone: input.trim() }).resolvedOptions().timeZone;
    } catch {
      return problem;
    }
  };
  return { kind: "time_zone", read };
}

/** A cron expression of five fields, blanks put in order. */
export function schedule(): SettingType<string> {
  const problem = new Problem("give a cron expression of minute, hour, day, month and weekday: 0 4 * * *");
  const read = (input: unknown) => {
    if (typeof input !== "string" || input.length > 200) return problem;
    const fields = input.trim().split(/\s+/);
    if (fields.length !== 5) return problem;
    try {
      const expression = fields.join(" ");
      return new Cron(expression, { paused: true }).nextRun() === null ? problem : expression;
    } catch {
      return problem;
    }
  };
  return { kind: "string", read };
}

/** An object of entries by name; as text it is JSON, or one entry a line. */
export function map<T>(
  readEntry: (value: unknown) => T | Problem,
  format: LineFormat,
): SettingType<Readonly<Record<string, T>>> {
  const read = (input: unknown) => {
    const isLines = typeof input === "string" && !input.trimStart().startsWith("{");
    const entries = isLines ? linesOf(input, format) : entriesOf(input);
    if (entries instanceof Problem) return entries;
    const result: Record<string, T> = Object.create(null);
    for (const { where, name, entry } of entries) {
      const value = readEntry(entry);
      if (value instanceof Problem) return new Problem(`${where}: ${isLines ? format.form : value.text}`);
      result[name] = value;
    }
    return result;
  };
  return { kind: "map", read, write: (value) => writeLines(value, format), lines: format };
}

interface Entry {
  /** For a problem: "line 3", or the name. */
  where: string;
  name: string;
  entry: unknown;
}

function linesOf(text: string, format: LineFormat): Entry[] | Problem {
  if (text.length > MAX_MAP_CHARACTERS) return new Problem(`give at most ${MAX_MAP_CHARACTERS} characters`);
  const lines = readLines(text, format);
  if (typeof lines === "string") return new Problem(lines);
  return lines.map(({ number, name, entry }) => ({ where: `line ${number}`, name, entry }));
}

function entriesOf(input: unknown): Entry[] | Problem {
  const object = parseObject(input);
  if (object === null) return new Problem(`give a JSON object of at most ${MAX_MAP_CHARACTERS} characters`);
  return Object.entries(object).map(([name, entry]) => ({ where: JSON.stringify(name), name, entry }));
}

const LONGEST_MODEL_CHARACTERS = 200;

function isModelName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_MODEL_CHARACTERS;
}

/** What an alias leads to: a model's name, or `{"model", "upstream"}`. */
export function aliasTarget(value: unknown): string | { model: string; upstream?: string } | Problem {
  if (isModelName(value)) return value;
  const problem = new Problem('give a model\'s name, or {"model": name, "upstream": name}');
  if (typeof value !== "object" || value === null || Array.isArray(value)) return problem;
  const { model, upstream, ...others } = value as Record<string, unknown>;
  if (Object.keys(others).length > 0 || !isModelName(model)) return problem;
  if (upstream === undefined) return { model };
  return isModelName(upstream) ? { model, upstream } : problem;
}

/** The models to be asked instead, in their order. */
export function substitutes(value: unknown): string[] | Problem {
  const isList = Array.isArray(value) && value.length <= 10 && value.every(isModelName);
  return isList ? value : new Problem("give a list of at most 10 models' names");
}

/** The same, where nothing is a value too. */
export function optional<T>(type: SettingType<T>): SettingType<T | null> {
  return { ...type, read: (input, check) => (input === null ? null : type.read(input, check)) };
}

function readNumber(input: unknown): number {
  if (typeof input === "number") return input;
  const isNumber = typeof input === "string" && /^\s*-?\d{1,15}(\.\d{1,9})?\s*$/.test(input);
  return isNumber ? Number(input) : Number.NaN;
}

function parseObject(input: unknown): Record<string, unknown> | null {
  try {
    const json = typeof input === "string" ? input : JSON.stringify(input);
    const value: unknown = json.length <= MAX_MAP_CHARACTERS ? JSON.parse(json) : null;
    return typeof value === "object" && !Array.isArray(value)
      ? (value as Record<string, unknown> | null)
      : null;
  } catch {
    return null;
  }
}

function readUrl(input: unknown, checkBaseUrl?: BaseUrlCheck, mayHaveQuery = false): string | Problem {
  const form = "give an address that begins with http:// or https://";
  const trimmed = typeof input === "string" ? input.trim() : "";
  if (trimmed.length > MAX_TEXT_CHARACTERS || !/^https?:\/\//i.test(trimmed)) return new Problem(form);
  const parsed = URL.parse(trimmed);
  if (parsed === null) return new Problem(form);
  if (parsed.username !== "" || parsed.password !== "") {
    return new Problem("give the address without user name and password");
  }
  if (mayHaveQuery && parsed.hash !== "") return new Problem("give the address without #");
  if (!mayHaveQuery && /[?#]/.test(trimmed)) return new Problem("give the address without ? and #");
  const address = mayHaveQuery ? parsed.href : parsed.href.replace(/\/+$/, "");
  const refusal = checkBaseUrl?.(address) ?? null;
  return refusal === null ? address : new Problem(refusal);
}
