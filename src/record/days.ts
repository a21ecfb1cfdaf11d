import { nextMidnight } from "../time-zone.ts";

const HOUR_MS = 3_600_000;
/** No calendar day is longer, and two of them are needed to find the beginning of one. */
const LONGEST_DAY_MS = 26 * HOUR_MS;

/** The calendar days of a time zone, as statistics count them; asked again and again for the same day. */
export class Days {
  #zone = "";
  #start = 0;
  #end = 0;

  constructor(private readonly timeZone: () => string) {}

  /** When the day began that an instant belongs to; epoch ms. */
  startOf = (ms: number): number => {
    const zone = this.timeZone();
    if (zone !== this.#zone || ms < this.#start || ms >= this.#end) {
      this.#zone = zone;
      this.#start = nextMidnight(ms - LONGEST_DAY_MS, zone);
      this.#end = nextMidnight(this.#start, zone);
      while (this.#end <= ms) {
        this.#start = this.#end;
        this.#end = nextMidnight(this.#start, zone);
      }
    }
    return this.#start;
  };

  /** When the day after it begins. */
  endOf(ms: number): number {
    this.startOf(ms);
    return this.#end;
  }

  /** The day that began so many days before the one of an instant. */
  before(ms: number, days: number): number {
    // From the middle of the day, so that an hour of summer time more or less doesn't matter.
    return this.startOf(this.startOf(ms) + 12 * HOUR_MS - days * 24 * HOUR_MS);
  }
}
