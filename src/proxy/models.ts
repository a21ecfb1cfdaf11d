import type { KeyGlance } from "../pool/types.ts";
import type { Upstream, Verdict } from "../types.ts";
import { countingKeys, type ListCallDeps, listText, mayBeAsked } from "./model-call.ts";
import { ModelHints } from "./model-hints.ts";
import { type ListedModel, modelsIn, plainId } from "./model-list.ts";

/** A list is used for as long as there is no newer one; after this it is asked for again, in the background. */
const FRESH_MS = 300_000;
/** Whether there are keys without a list is looked at no more often than this: it means to go through all keys. */
const LOOK_EVERY_MS = 5_000;
const MAX_CALLS_AT_ONCE = 16;
/** Who asks while nothing is known waits for a first list so long, and for the others no longer than this. */
const LONGEST_FIRST_WAIT_MS = 10_000;
const LONGEST_WAIT_FOR_OTHERS_MS = 1_000;
/** Rankings that are remembered, one a model. */
const MAX_RANKS = 1_000;

/** 0: to be used first. Keys of a higher rank come after all of a lower one; none is ever left out. */
export type KeyRank = (keyId: string, upstreamId: string) => number;

export interface ModelsDeps extends ListCallDeps {
  keys(): KeyGlance[];
  upstream(id: string): Upstream;
  upstreams(): readonly Upstream[];
}

interface KeyList {
  upstreamId: string;
  baseUrl: string;
  /** Of the answer's text. */
  hash: number | bigint;
  /** Null: the upstream gave none. */
  models: ListedModel[] | null;
  ids: ReadonlySet<string>;
}

/** Which models there are, at which upstream and for which key: asked for, remembered, and learnt from answers. */
export class Models {
  readonly #hints: ModelHints;
  #lists = new Map<string, KeyList>();
  #listed = new Set<string>();
  #ranks = new Map<string, KeyRank | null>();
  #askedAt = Number.NEGATIVE_INFINITY;
  #firstAskedAt = Number.POSITIVE_INFINITY;
  #askingSince = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;
  /** Wakes those who wait for a list. */
  #arrived = Promise.withResolvers<void>();

  constructor(private readonly deps: ModelsDeps) {
    this.#hints = new ModelHints(deps.clock, (model) => this.#ranks.delete(model));
  }

  // --- what a request asks ------------------------------------------------------------------------------

  isListed(model: string): boolean {
    return this.#listed.has(plainId(model));
  }

  upstreamNamed(name: string): string | null {
    const wanted = name.toLowerCase();
    return this.deps.upstreams().find((upstream) => upstream.name.toLowerCase() === wanted)?.id ?? null;
  }

  /** Which keys come first for a model; null where nothing is known that would tell them apart. */
  rank(model: string): KeyRank | null {
    const known = this.#ranks.get(model);
    if (known !== undefined) return known;
    const rank = this.#findRank(model);
    if (this.#ranks.size >= MAX_RANKS) this.#ranks.clear();
    this.#ranks.set(model, rank);
    return rank;
  }

  learn(keyId: string, model: string, verdict: Verdict): void {
    this.#hints.learn(keyId, model, verdict);
  }

  /**
   * To be called before a request is routed. Only where there is a choice of upstreams the lists matter, and only
   * the very first request waits for them a little.
   */
  prepare(): Promise<void> | null {
    if (this.deps.upstreams().length < 2) return null;
    const now = this.deps.clock.monotonic();
    if (now - this.#lookedAt >= LOOK_EVERY_MS) this.#refreshIfStale();
    const leftMs = this.#firstAskedAt + LONGEST_WAIT_FOR_OTHERS_MS - now;
    return this.#asking !== null && leftMs > 0 ? this.#wait(leftMs) : null;
  }

  #findRank(model: string): KeyRank | null {
    const id = plainId(model);
    const isListed = this.#listed.has(id);
    if (!isListed && !this.#hints.knows(model)) return null;
    const upstreams = new Set<string>();
    const known = new Set<string>();
    for (const { upstreamId, ids, models } of this.#lists.values()) {
      if (models === null) continue;
      known.add(upstreamId);
      if (ids.has(id)) upstreams.add(upstreamId);
    }
    return (keyId, upstreamId) => {
      if (this.#hints.refuses(keyId, model)) return 2;
      if (!isListed) return 0;
      const list = this.#lists.get(keyId);
      if (list !== undefined && list.models !== null) return list.ids.has(id) ? 0 : 1;
      return upstreams.has(upstreamId) || !known.has(upstreamId) ? 0 : 1;
    };
  }

  // --- the list of all models ---------------------------------------------------------------------------

  /**
   * The union over the keys of one pool, or of all (null): the default upstream's models first. A model that several
   * list is described as by the first of them. Empty where no upstream gave a list.
   */
  async list(poolId: string | null): Promise<ListedModel[]> {
    const all = this.deps.keys();
    this.#dropForeign();
    this.#refreshIfStale(all);
    const keys = countingKeys(all, poolId);
    const missesSome = () => keys.some((key) => mayBeAsked(key) && !this.#lists.has(key.id));
    if (this.#asking !== null && missesSome()) {
      await this.#wait(LONGEST_FIRST_WAIT_MS, () => keys.some(({ id }) => this.#lists.get(id)?.models));
      const leftMs = this.#askingSince + LONGEST_WAIT_FOR_OTHERS_MS - this.deps.clock.monotonic();
      if (missesSome() && leftMs > 0) await this.#wait(leftMs, () => !missesSome());
    }
    const found = new Map<string, ListedModel>();
    for (const models of this.#listsOf(keys)) {
      for (const model of models) if (!found.has(model.id)) found.set(model.id, model);
    }
    return [...found.values()];
  }

  /** What the keys of one upstream list, as far as is known by now; null while nothing is. Asks behind where it is stale. */
  listedAt(upstreamId: string): readonly string[] | null {
    if (this.deps.clock.monotonic() - this.#lookedAt >= LOOK_EVERY_MS) this.#refreshIfStale();
    const { baseUrl } = this.deps.upstream(upstreamId);
    const ids = new Set<string>();
    let isKnown = false;
    for (const list of new Set(this.#lists.values())) {
      if (list.upstreamId !== upstreamId || list.baseUrl !== baseUrl || list.models === null) continue;
      isKnown = true;
      for (const id of list.ids) ids.add(id);
    }
    return isKnown ? [...ids].sort() : null;
  }

  /** Each list once, those of the default upstream first. */
  #listsOf(keys: readonly KeyGlance[]): ReadonlySet<ListedModel[]> {
    const first = this.deps.upstreams().find(({ isDefault }) => isDefault)?.id;
    const lists = keys.map(({ id }) => this.#lists.get(id)).filter((list) => list !== undefined);
    const ordered = [
      ...lists.filter(({ upstreamId }) => upstreamId === first),
      ...lists.filter(({ upstreamId }) => upstreamId !== first),
    ];
    return new Set(ordered.flatMap(({ models }) => (models === null ? [] : [models])));
  }

  // --- asking the upstreams -----------------------------------------------------------------------------

  /** Lists of keys that are gone, or that came from another address than their upstream has now. */
  #dropForeign(): void {
    let dropped = false;
    for (const [keyId, { upstreamId, baseUrl }] of this.#lists) {
      const isThere =
        this.deps.pool.secretOf(keyId) !== null &&
        this.deps.upstreams().some((one) => one.id === upstreamId && one.baseUrl === baseUrl);
      if (!isThere) dropped = this.#lists.delete(keyId) || dropped;
    }
    if (dropped) this.#index();
  }

  #refreshIfStale(keys: readonly KeyGlance[] = this.deps.keys()): void {
    if (this.#asking !== null) return;
    const now = this.deps.clock.monotonic();
    this.#lookedAt = now;
    const isStale = now - this.#askedAt >= FRESH_MS;
    const wanted = countingKeys(keys, null).filter(
      (key) => mayBeAsked(key) && (isStale || !this.#lists.has(key.id)),
    );
    if (wanted.length === 0) return;
    if (isStale) this.#askedAt = now;
    this.#firstAskedAt = Math.min(this.#firstAskedAt, now);
    this.#askingSince = now;
    this.#asking = this.#askAll(wanted).finally(() => {
      this.#asking = null;
      this.#tell();
    });
  }

  async #askAll(keys: readonly KeyGlance[]): Promise<void> {
    const left = [...keys];
    const worker = async () => {
      for (let key = left.shift(); key !== undefined; key = left.shift()) await this.#ask(key).catch(IGNORED);
    };
    await Promise.all(Array.from({ length: Math.min(MAX_CALLS_AT_ONCE, keys.length) }, worker));
  }

  async #ask({ key }: KeyGlance): Promise<void> {
    const upstream = this.deps.upstream(key.upstreamId);
    const text = await listText(this.deps, key.id, upstream);
    if (text === null) return;
    const hash = Bun.hash(text);
    // Most keys of an upstream list the same: one copy serves them all.
    const same = [...this.#lists.values()].find(
      (list) => list.hash === hash && list.upstreamId === upstream.id,
    );
    const models = same === undefined ? modelsIn(text) : same.models;
    // Rather an old list than none.
    const before = this.#lists.get(key.id);
    if (models === null && before !== undefined && before.baseUrl === upstream.baseUrl) return;
    const ids = same?.ids ?? new Set((models ?? []).map(({ id }) => plainId(id)));
    this.#lists.set(key.id, { upstreamId: upstream.id, baseUrl: upstream.baseUrl, hash, models, ids });
    this.#index();
    this.#tell();
  }

  #index(): void {
    this.#ranks.clear();
    this.#listed = new Set();
    const distinct = new Set(Array.from(this.#lists.values(), ({ ids }) => ids));
    for (const ids of distinct) for (const id of ids) this.#listed.add(id);
  }

  #tell(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers<void>();
  }

  /** Until `enough` holds, all upstreams have answered, or the time is over. */
  async #wait(limitMs: number, enough: () => boolean = () => false): Promise<void> {
    const { promise: timeUp, resolve } = Promise.withResolvers<void>();
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      resolve();
    }, limitMs);
    while (!isOver && this.#asking !== null && !enough()) await Promise.race([this.#arrived.promise, timeUp]);
    clearTimeout(timer);
  }
}

/** The key or its upstream may be gone by now; then there is nothing to be listed. */
const IGNORED = () => {};
