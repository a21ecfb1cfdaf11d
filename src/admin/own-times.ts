import { instantAt, shownAt } from "../time-zone.ts";

/** What a form's field sends is meant in the reader's zone; an address says it so that it means the same to everybody. */
export function toInstant(text: string, timeZone: string): string {
  const shown = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  return Number.isNaN(shown) ? text : `${new Date(instantAt(shown, timeZone)).toISOString().slice(0, 16)}Z`;
}

/** For a field of type `datetime-local`; empty where there is no such time. */
export function fieldTime(at: number, timeZone: string): string {
  return Number.isNaN(at) ? "" : shownAt(at, timeZone).slice(0, "2026-11-24T14:05".length);
}
