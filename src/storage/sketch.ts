/**
 * Latencies as a DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
 * relative-error guarantees", 2019): counts in bins whose bounds grow by a constant factor, so that every quantile is
 * within 1 % of the exact one, and two sketches merge by adding. The bins are those of Datadog's library at the same
 * accuracy, which cannot be part of the executable (it needs protobufjs without saying so); a test compares the two.
 */

const RELATIVE_ACCURACY = 0.01;
const GAMMA = (1 + RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY);
const BINS_PER_E = 1 / Math.log(GAMMA);
/** The bin of everything below 1 ms, 0 among it: times are whole ms. */
const ZERO_BIN = -1;
/** 24 days in ms; what is longer counts as that. Bounds the bins of a sketch. */
const LONGEST_MS = 2 ** 31;
/** Bins by which a sketch grows on either side. */
const ROOM = 32;
const MAX_LOOSE = 512;
/** So few are quicker listed than counted. */
const FEW_LOOSE = 16;

export class Sketch {
  /** Of the bins from `#first` on; nearly all of a sketch's bins lie close together. */
  #counts = new Float64Array(0);
  #first = 0;
  /** Bins of single values that are not counted yet: most sketches are made of a few values and read once. */
  #loose: number[] = [];
  #count = 0;

  get count(): number {
    return this.#count + this.#loose.length;
  }

  /** @param ms 0 or more. */
  add(ms: number): void {
    this.addBin(binOf(ms));
  }

  /** One value of this bin. */
  addBin(bin: number): void {
    this.#loose.push(bin);
    if (this.#loose.length >= MAX_LOOSE) this.#settle();
  }

  addTo(bin: number, count: number): void {
    if (bin < this.#first || bin >= this.#first + this.#counts.length) this.#makeRoom(bin - ROOM, bin + ROOM);
    const place = bin - this.#first;
    this.#counts[place] = (this.#counts[place] as number) + count;
    this.#count += count;
  }

  merge(other: Sketch): void {
    for (const bin of other.#loose) this.addBin(bin);
    if (other.#counts.length === 0) return;
    this.#makeRoom(other.#first, other.#first + other.#counts.length);
    other.#forEachCounted((bin, count) => this.addTo(bin, count));
  }

  /** The values at these quantiles (0 to 1), in ms; null where the sketch is empty. */
  quantiles(wanted: readonly number[]): (number | null)[] {
    this.#settle();
    return wanted.map((quantile) => {
      const rank = quantile * (this.count - 1);
      let seen = 0;
      for (let place = 0; place < this.#counts.length; place += 1) {
        seen += this.#counts[place] as number;
        if (seen > rank) return middleOf(place + this.#first);
      }
      return null;
    });
  }

  /** Pairs of varints, in the order of the bins: the distance from the bin before, the count. About 3 bytes a bin. */
  encode(): Uint8Array {
    const bytes: number[] = [];
    let before = ZERO_BIN;
    this.#settle();
    this.#forEachCounted((bin, count) => {
      writeVarint(bytes, bin - before);
      writeVarint(bytes, count);
      before = bin;
    });
    return Uint8Array.from(bytes);
  }

  /** Adds what `encode` wrote. */
  mergeEncoded(bytes: Uint8Array): void {
    let bin = ZERO_BIN;
    let isCount = false;
    let value = 0;
    let factor = 1;
    for (let place = 0; place < bytes.length; place += 1) {
      const byte = bytes[place] as number;
      value += (byte & 127) * factor;
      factor *= 128;
      if (byte >= 128) continue;
      if (isCount) this.addTo(bin, value);
      else bin += value;
      isCount = !isCount;
      value = 0;
      factor = 1;
    }
  }

  /** Bin, count, bin, count…, where a bin may come more than once: for JSON. */
  toPairs(): number[] {
    if (this.#loose.length > FEW_LOOSE) this.#settle();
    const pairs: number[] = [];
    this.#forEachCounted((bin, count) => pairs.push(bin, count));
    for (const bin of this.#loose) pairs.push(bin, 1);
    return pairs;
  }

  static fromPairs(pairs: readonly number[]): Sketch {
    const sketch = new Sketch();
    for (let place = 0; place < pairs.length; place += 2) {
      sketch.addTo(pairs[place] as number, pairs[place + 1] as number);
    }
    return sketch;
  }

  #forEachCounted(visit: (bin: number, count: number) => void): void {
    for (let place = 0; place < this.#counts.length; place += 1) {
      const count = this.#counts[place] as number;
      if (count > 0) visit(place + this.#first, count);
    }
  }

  #settle(): void {
    if (this.#loose.length === 0) return;
    const loose = this.#loose;
    this.#loose = [];
    let first = Number.POSITIVE_INFINITY;
    let last = ZERO_BIN;
    for (const bin of loose) {
      if (bin < first) first = bin;
      if (bin > last) last = bin;
    }
    this.#makeRoom(first, last + 1);
    for (const bin of loose) this.addTo(bin, 1);
  }

  #makeRoom(from: number, to: number): void {
    const isEmpty = this.#counts.length === 0;
    const first = isEmpty ? from : Math.min(this.#first, from);
    const end = isEmpty ? to : Math.max(this.#first + this.#counts.length, to);
    if (end - first === this.#counts.length) return;
    const counts = new Float64Array(end - first);
    counts.set(this.#counts, isEmpty ? 0 : this.#first - first);
    this.#counts = counts;
    this.#first = first;
  }
}

export function binOf(ms: number): number {
  return ms < 1 ? ZERO_BIN : Math.ceil(Math.log(Math.min(ms, LONGEST_MS)) * BINS_PER_E);
}

/** Within the bin, as far from both its ends in relation to it. */
function middleOf(bin: number): number {
  return bin === ZERO_BIN ? 0 : (2 * GAMMA ** bin) / (GAMMA + 1);
}

function writeVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}
