import type { KeyTest } from "../../views/components/test-note.tsx";

/** The last test of each key, kept in memory for the pages: the oldest are forgotten beyond this number. */
const MAX_TESTS = 1_000;

export class KeyTests {
  #tests = new Map<string, KeyTest>();

  remember(keyId: string, test: KeyTest): void {
    this.#tests.delete(keyId);
    this.#tests.set(keyId, test);
    if (this.#tests.size > MAX_TESTS) this.#tests.delete(this.#tests.keys().next().value as string);
  }

  last(keyId: string): KeyTest | undefined {
    return this.#tests.get(keyId);
  }

  /** Those made since this moment, by key. */
  since(at: number): Map<string, KeyTest> {
    return new Map([...this.#tests].filter(([, test]) => test.at >= at));
  }
}
