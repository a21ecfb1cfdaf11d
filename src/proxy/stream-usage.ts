import type { Upstream } from "../types.ts";
import { quirksOf } from "../upstream/presets.ts";
import type { AttemptResult } from "./attempt.ts";
import { type Member, membersOf, withValue } from "./json-bytes.ts";
import { latin1 } from "./sse.ts";

/** Upstreams and models that don't take the field; beyond it the oldest is asked again. */
const MOST_REFUSALS = 1_000;
/** A program that could not take the field may have a new version by then. */
const REFUSAL_MS = 86_400_000;
/** An event that goes on for longer is no usage chunk, and is not held back. */
const LONGEST_USAGE_EVENT_BYTES = 16_384;
const EVENT_END = /\r\n\r\n|\n\n|\r\r/g;
/** Fewer than an event's end has. */
const END_BYTES = 4;

const utf8 = new TextDecoder();

/**
 * The same bytes with `stream_options.include_usage` added, which must not be there: inside the options where there
 * are any, else as a first member.
 */
export function withUsageAsked(body: Uint8Array): Uint8Array {
  const members = membersOf(body);
  const options = members.filter(({ name }) => name === "stream_options").at(-1);
  if (options === undefined) {
    const brace = body.indexOf(0x7b) + 1;
    const added = `"stream_options":{"include_usage":true}${members.length === 0 ? "" : ","}`;
    return withValue(body, [insertAt(brace)], added);
  }
  const given = utf8.decode(body.subarray(options.start, options.end));
  if (!given.startsWith("{")) return withValue(body, [options], '{"include_usage":true}');
  const isEmpty = /^\{\s*\}$/.test(given);
  return withValue(body, [insertAt(options.start + 1)], `"include_usage":true${isEmpty ? "" : ","}`);
}

function insertAt(place: number): Member {
  return { name: "", start: place, end: place };
}

/** Which upstreams refuse the field, for which model. */
export class UsageRefusals {
  /** Until when, monotonic ms; the oldest first. */
  #until = new Map<string, number>();

  has(upstream: Upstream, model: string | null, now: number): boolean {
    if (!quirksOf(upstream.baseUrl).takesStreamOptions) return true;
    return (this.#until.get(`${upstream.id} ${model}`) ?? 0) > now;
  }

  add(upstream: Upstream, model: string | null, now: number): void {
    const name = `${upstream.id} ${model}`;
    this.#until.delete(name);
    if (this.#until.size >= MOST_REFUSALS) {
      const [oldest = ""] = this.#until.keys();
      this.#until.delete(oldest);
    }
    this.#until.set(name, now + REFUSAL_MS);
  }
}

/** Whether an answer to a request with the added field may be about that field: it names it, or a field as such. */
export function mayRefuseUsage({ status, answer }: AttemptResult): boolean {
  if (status === null || status < 400 || status === 401 || status === 429 || answer?.kind !== "whole")
    return false;
  return /stream_?options|include_?usage|(?:unknown|unexpected|unrecognized|unsupported|extra|additional) .{0,40}(?:field|param|argument|propert|input|key|name)|not permitted/i.test(
    answer.text,
  );
}

/**
 * Takes the extra usage chunk out of a stream whose client did not ask for it: the event without choices that tells
 * the usage. All other bytes pass as they came; an event is held back until it is whole.
 */
export class UsageChunkFilter {
  #held: Uint8Array = new Uint8Array();
  /** The beginning of the event that is held has gone out: it is too long to be the one that is looked for. */
  #isBegun = false;

  /** What may go on of all that came so far. */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const text = latin1(bytes);
    const passing: Uint8Array[] = [];
    let from = 0;
    let eventAt = 0;
    EVENT_END.lastIndex = 0;
    for (let end = EVENT_END.exec(text); end !== null; end = EVENT_END.exec(text)) {
      const next = EVENT_END.lastIndex;
      if (!this.#isBegun && isUsageChunk(text.slice(eventAt, end.index))) {
        if (eventAt > from) passing.push(bytes.subarray(from, eventAt));
        from = next;
      }
      this.#isBegun = false;
      eventAt = next;
    }
    let passTo = eventAt;
    if (this.#isBegun || bytes.length - eventAt > LONGEST_USAGE_EVENT_BYTES) {
      this.#isBegun = true;
      passTo = Math.max(eventAt, bytes.length - END_BYTES + 1);
    }
    if (passTo > from) passing.push(bytes.subarray(from, passTo));
    this.#held = bytes.subarray(Math.max(passTo, from));
    return passing;
  }

  /** What was held back when the stream ended. */
  rest(): Uint8Array[] {
    return this.#held.length === 0 ? [] : [this.#held];
  }
}

function isUsageChunk(event: string): boolean {
  if (!event.includes('"usage"') || !event.includes('"choices"')) return false;
  const data = /(?:^|[\r\n])data: ?(\{.*\})[ \t]*$/.exec(event)?.[1];
  try {
    const { choices, usage } = JSON.parse(data ?? "") as { choices?: unknown; usage?: unknown };
    return Array.isArray(choices) && choices.length === 0 && typeof usage === "object" && usage !== null;
  } catch {
    return false;
  }
}
