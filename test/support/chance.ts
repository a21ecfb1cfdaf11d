/** Chance that can be repeated: the same seed, the same numbers (mulberry32). */
export function chance(seed: number) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (count: number) => Math.floor(random() * count);
  return {
    random,
    below,
    one: <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item,
    /** `count` different ones, in no order. */
    some<Item>(items: readonly Item[], count: number): Item[] {
      const rest = [...items];
      return Array.from(
        { length: Math.min(count, rest.length) },
        () => rest.splice(below(rest.length), 1)[0]!,
      );
    },
  };
}
