import { type Clock, systemClock } from "./clock.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ["pretty", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export type LogFields = Record<string, unknown>;

/** The program's own log. It never throws and never shows a secret that it can know of. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** From now on `value` appears nowhere, not inside other strings either. */
  hide(value: string): void;
}

export interface LoggerOptions {
  level: LogLevel;
  format: LogFormat;
  /** Takes one whole entry with its line end; default: stderr. */
  write?: (text: string) => void;
  /** Default: whether stderr is a terminal. */
  colour?: boolean;
  clock?: Clock;
}

const REDACTED = "[redacted]";
/** Fields by these names hold secrets, in snake_case, camelCase and header spelling. */
const SECRET_NAME =
  /pass(word|wd|phrase)|secret|token|authorization|api[-_]?key|cookie|credential|private[-_]?key/i;
/** What looks like a key of a known provider or stands behind `Bearer`. */
const KEY_LIKE =
  /\b(?:sk|pk|rk|gsk|xai|pplx|nvapi|hf|r8|csk|fw)[-_][\w-]{12,}|\bAIza[\w-]{20,}|\bAQ\.[\w-]{20,}|\bBearer\s+[\w.~+/=-]{8,}/gi;
/** Control characters, line ends of every kind and marks that turn the direction of text. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const MAX_DEPTH = 4;
const MAX_ITEMS = 50;
const MAX_STRING_CHARACTERS = 8192;
/** What may wait for a reader of stderr that is slow; beyond it entries are dropped and counted. */
const MAX_WAITING_CHARACTERS = 1_048_576;
const COLOURS: Record<LogLevel, string> = {
  debug: "\x1b[2m",
  info: "\x1b[36m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};
const COLOUR_END = "\x1b[0m";

interface Entry {
  time: string;
  level: LogLevel;
  message: string;
  fields: LogFields;
}

/** Entries are lines: `{time, level, message, …fields}` as JSON, or pretty for people. */
export function createLogger(options: LoggerOptions): Logger {
  const { format, colour = process.stderr.isTTY === true, clock = systemClock } = options;
  const least = LOG_LEVELS.indexOf(options.level);
  const redactor = createRedactor();

  function render(level: LogLevel, message: string, fields: LogFields): string {
    const entry: Entry = {
      time: new Date(clock.now()).toISOString(),
      level,
      message: redactor.text(String(message)),
      fields: clean(fields, redactor.text, 0) as LogFields,
    };
    return `${format === "json" ? jsonLine(entry) : prettyLines(entry, colour)}\n`;
  }
  const write =
    options.write ??
    createStderrWriter((dropped) =>
      render("warn", "log entries were dropped: stderr is not read", { dropped }),
    );
  function log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (LOG_LEVELS.indexOf(level) >= least) write(render(level, message, fields));
  }
  return {
    debug: (message, fields) => log("debug", message, fields),
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
    hide: redactor.hide,
  };
}

/** Neither a reader that is slow nor one that has gone away may stop the program or fill its memory. */
function createStderrWriter(entryOf: (dropped: number) => string): (text: string) => void {
  let waiting = 0;
  let dropped = 0;
  if (!process.stderr.listeners("error").includes(ignoreError)) process.stderr.on("error", ignoreError);
  return (text) => {
    if (waiting > MAX_WAITING_CHARACTERS) {
      dropped++;
      return;
    }
    const whole = dropped === 0 ? text : entryOf(dropped) + text;
    dropped = 0;
    waiting += whole.length;
    process.stderr.write(whole, () => {
      waiting -= whole.length;
    });
  };
}

function ignoreError(): void {}

function createRedactor(): { text: (text: string) => string; hide: (value: string) => void } {
  const hidden = new Set<string>();
  /** Longest first, so that a short secret inside a long one doesn't leave the rest of it standing. */
  let ordered: string[] | null = [];
  return {
    hide(value) {
      if (value === "") return;
      hidden.add(value);
      hidden.add(JSON.stringify(value).slice(1, -1));
      hidden.add(encodeURIComponent(value.toWellFormed()));
      ordered = null;
    },
    text(text) {
      ordered ??= [...hidden].sort((a, b) => b.length - a.length);
      // Cut twice: what the first cut may leave of a secret at its edge, the second removes.
      let shown = text.slice(0, 2 * MAX_STRING_CHARACTERS);
      for (const value of ordered) if (shown.includes(value)) shown = shown.replaceAll(value, REDACTED);
      shown = shown.replace(KEY_LIKE, REDACTED);
      if (shown.length <= MAX_STRING_CHARACTERS) return shown;
      return `${shown.slice(0, MAX_STRING_CHARACTERS)}… (${text.length} characters)`;
    },
  };
}

/** A copy of plain data, bounded in depth and width, with every string redacted. */
function clean(value: unknown, redact: (text: string) => string, depth: number): unknown {
  try {
    if (value === null || typeof value === "boolean" || value === undefined) return value;
    if (typeof value === "number") {
      const shown = redact(String(value));
      return shown === String(value) && Number.isFinite(value) ? value : shown;
    }
    if (typeof value !== "object") return redact(String(value));
    if (value instanceof Date) return value.toISOString();
    if (depth > MAX_DEPTH) return "[deep]";
    if (value instanceof Error) return clean(describeError(value), redact, depth);
    if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => clean(item, redact, depth + 1));
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    const entries = Object.entries(value).slice(0, MAX_ITEMS);
    return Object.fromEntries(
      entries.map(([name, item]) => [
        redact(name),
        isSecretField(name, item) ? REDACTED : clean(item, redact, depth + 1),
      ]),
    );
  } catch {
    return "[unreadable]";
  }
}

/** A number of `input_tokens` is a count, and whether there is a password may be told. */
function isSecretField(name: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === "boolean") return false;
  if (typeof value === "number" && /tokens/i.test(name)) return false;
  return SECRET_NAME.test(name);
}

function describeError(error: Error): LogFields {
  const { name, message, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    name,
    message,
    ...(code !== undefined && { code }),
    stack: error.stack,
    ...(cause !== undefined && { cause }),
  };
}

function jsonLine({ time, level, message, fields }: Entry): string {
  const named = Object.entries(fields).map(([name, value]) =>
    name === "time" || name === "level" || name === "message" ? [`field_${name}`, value] : [name, value],
  );
  return escapeUnsafe(JSON.stringify({ time, level, message, ...Object.fromEntries(named) }));
}

function prettyLines({ time, level, message, fields }: Entry, colour: boolean): string {
  const tag = level.toUpperCase().padEnd(5);
  let line = `${time} ${colour ? `${COLOURS[level]}${tag}${COLOUR_END}` : tag} ${escapeUnsafe(message)}`;
  const stacks: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    line += ` ${escapeUnsafe(name)}=${escapeUnsafe(prettyValue(value))}`;
    const stack = stackOf(value);
    if (stack !== null) stacks.push(...stack.split(/\r?\n/));
  }
  // Indented, so that no line of a stack can pass for an entry of its own.
  return [line, ...stacks.map((text) => `    ${escapeUnsafe(text)}`)].join("\n");
}

function prettyValue(value: unknown): string {
  if (typeof value === "string") return /^[^\s"'=]+$/.test(value) ? value : JSON.stringify(value);
  if (stackOf(value) !== null) return JSON.stringify((value as { message?: unknown }).message ?? "");
  return JSON.stringify(value);
}

function stackOf(value: unknown): string | null {
  if (typeof value !== "object" || value === null || !("stack" in value)) return null;
  return typeof value.stack === "string" ? value.stack : null;
}

function escapeUnsafe(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const short = JSON.stringify(character).slice(1, -1);
    return short.length > 1 ? short : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
