import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Storage } from "../../src/storage/types.ts";
import { ConflictError, NotFoundError } from "../../src/types.ts";
import {
  aKey,
  anEvent,
  anUpstream,
  aPool,
  aQuery,
  aState,
  type Folder,
  HOSTILE,
  open,
  tempFolder,
} from "./builders.ts";

let folder: Folder;
let storage: Storage;

beforeEach(async () => {
  folder = tempFolder();
  storage = await open(folder);
});
afterEach(() => {
  storage.close();
  folder.remove();
});

/** What is read after the file was closed and opened again was really written. */
async function reopen(): Promise<void> {
  storage.close();
  storage = await open(folder);
}

describe("upstreams", () => {
  test("come back as they went in, hostile names too", async () => {
    const hostile = anUpstream({
      id: "u2",
      name: HOSTILE,
      authStyle: "x-goog-api-key",
      isDefault: false,
      createdAt: 2000,
    });
    await storage.upstreams.insert(anUpstream());
    await storage.upstreams.insert(hostile);
    await reopen();
    expect(await storage.upstreams.list()).toEqual([anUpstream(), hostile]);
  });

  test("have one default: making another one the default takes it from the first", async () => {
    await storage.upstreams.insert(anUpstream());
    await storage.upstreams.insert(anUpstream({ id: "u2", name: "Second" }));
    expect((await storage.upstreams.list()).map((upstream) => upstream.isDefault)).toEqual([false, true]);
    await storage.upstreams.update(anUpstream({ isDefault: true }));
    expect((await storage.upstreams.list()).map((upstream) => upstream.isDefault)).toEqual([true, false]);
  });

  test("refuse a name that is taken, and change nothing", async () => {
    await storage.upstreams.insert(anUpstream());
    await storage.upstreams.insert(anUpstream({ id: "u2", name: "Second", isDefault: false }));
    const taken = anUpstream({ id: "u2", name: "Default", isDefault: true });
    await expect(storage.upstreams.update(taken)).rejects.toBeInstanceOf(ConflictError);
    expect((await storage.upstreams.list()).map((upstream) => upstream.isDefault)).toEqual([true, false]);
    await expect(storage.upstreams.insert(anUpstream({ id: "u3" }))).rejects.toBeInstanceOf(ConflictError);
  });

  test("are deleted only without keys and not as the default", async () => {
    await storage.upstreams.insert(anUpstream());
    await storage.upstreams.insert(anUpstream({ id: "u2", name: "Second", isDefault: false }));
    await storage.keys.insert([aKey({ upstreamId: "u2" })], []);
    await expect(storage.upstreams.delete("u2")).rejects.toThrow("1 key");
    await expect(storage.upstreams.delete("u1")).rejects.toBeInstanceOf(ConflictError);
    await expect(storage.upstreams.delete("nobody")).rejects.toBeInstanceOf(NotFoundError);
    await storage.keys.delete(["k1"], []);
    await storage.upstreams.delete("u2");
    expect((await storage.upstreams.list()).map((upstream) => upstream.id)).toEqual(["u1"]);
  });
});

describe("pools", () => {
  test("come back as they went in and are changed", async () => {
    await storage.pools.insert(aPool({ description: HOSTILE }));
    await storage.pools.update(aPool({ description: HOSTILE, name: "Other", strategy: "random" }));
    await reopen();
    expect(await storage.pools.list()).toEqual([
      aPool({ description: HOSTILE, name: "Other", strategy: "random" }),
    ]);
    await expect(storage.pools.update(aPool({ id: "nobody", name: "x" }))).rejects.toBeInstanceOf(
      NotFoundError,
    );
    await expect(storage.pools.insert(aPool({ id: "p2", name: "Other" }))).rejects.toBeInstanceOf(
      ConflictError,
    );
  });

  test("are not deleted while keys are in them, and say how many", async () => {
    await storage.upstreams.insert(anUpstream());
    await storage.pools.insert(aPool());
    await storage.keys.insert([aKey({ poolId: "p1" }), aKey({ id: "k2", poolId: "p1" })], []);
    await expect(storage.pools.delete("p1")).rejects.toThrow("2 keys");
    await storage.keys.update([aKey({ poolId: null }), aKey({ id: "k2", poolId: null })], []);
    await storage.pools.delete("p1");
    expect(await storage.pools.list()).toEqual([]);
    await expect(storage.pools.delete("p1")).rejects.toBeInstanceOf(NotFoundError);
  });
});

describe("keys", () => {
  beforeEach(() => storage.upstreams.insert(anUpstream()));

  const full = aKey({
    name: HOSTILE,
    tags: ["a,b", HOSTILE],
    weight: 2.5,
    priority: -3,
    enabled: false,
    dailyLimit: 1000,
    rpmLimit: 15,
    tpmLimit: 1_000_000,
    maxConcurrency: 4,
    sealedSecret: crypto.getRandomValues(new Uint8Array(300)),
  });

  test("come back as they went in, with their events", async () => {
    const event = anEvent({ detail: HOSTILE });
    await storage.keys.insert([full, aKey({ id: "k2" })], [event]);
    await reopen();
    expect(await storage.keys.list()).toEqual([full, aKey({ id: "k2" })]);
    expect((await storage.keyEvents.list(aQuery({ kind: "key_event" }))).data).toEqual([event]);
  });

  test("a key already at its upstream fails the whole insert, events too", async () => {
    await storage.keys.insert([aKey()], []);
    const doubled = aKey({ id: "k3", fingerprint: aKey().fingerprint });
    await expect(storage.keys.insert([aKey({ id: "k2" }), doubled], [anEvent()])).rejects.toBeInstanceOf(
      ConflictError,
    );
    expect((await storage.keys.list()).map((key) => key.id)).toEqual(["k1"]);
    expect((await storage.keyEvents.list(aQuery({ kind: "key_event" }))).data).toEqual([]);
  });

  test("the same secret may be at two upstreams", async () => {
    await storage.upstreams.insert(anUpstream({ id: "u2", name: "Second", isDefault: false }));
    await storage.keys.insert(
      [aKey(), aKey({ id: "k2", upstreamId: "u2", fingerprint: aKey().fingerprint })],
      [],
    );
    expect((await storage.keys.list()).length).toBe(2);
  });

  test("a pool or an upstream that does not exist is refused", async () => {
    await expect(storage.keys.insert([aKey({ poolId: "nowhere" })], [])).rejects.toBeInstanceOf(
      ConflictError,
    );
    await expect(storage.keys.insert([aKey({ upstreamId: "nowhere" })], [])).rejects.toBeInstanceOf(
      ConflictError,
    );
  });

  test("an update keeps the secret, unless it brings a new one", async () => {
    await storage.keys.insert([full], []);
    const { sealedSecret: _, fingerprint: __, ...configuration } = full;
    await storage.keys.update([{ ...configuration, name: "New" }], []);
    expect(await storage.keys.list()).toEqual([{ ...full, name: "New" }]);
    const replaced = { ...full, sealedSecret: Uint8Array.of(9), fingerprint: "other" };
    await storage.keys.update([replaced], []);
    expect(await storage.keys.list()).toEqual([replaced]);
  });

  test("an update or a delete of several with a missing one changes nothing", async () => {
    await storage.keys.insert([aKey()], []);
    const changes = [aKey({ name: "New" }), aKey({ id: "nobody" })];
    await expect(storage.keys.update(changes, [])).rejects.toBeInstanceOf(NotFoundError);
    await expect(storage.keys.delete(["k1", "nobody"], [])).rejects.toBeInstanceOf(NotFoundError);
    expect(await storage.keys.list()).toEqual([aKey()]);
  });

  test("are found by fingerprint", async () => {
    await storage.keys.insert([aKey(), aKey({ id: "k2" })], []);
    const found = await storage.keys.findByFingerprint(["fingerprint of k2", "unknown", HOSTILE]);
    expect(found).toEqual(new Map([["fingerprint of k2", "k2"]]));
    const many = Array.from({ length: 20_000 }, (_, index) => `fingerprint of k${index}`);
    expect((await storage.keys.findByFingerprint(many)).size).toBe(2);
  });

  test("take their state with them, not their events", async () => {
    await storage.keys.insert([aKey(), aKey({ id: "k2" })], [anEvent()]);
    const keyStates = [aState(), aState({ keyId: "k2" })];
    await storage.writeBatch({ requests: [], keyStates, keyEvents: [], rotations: [] });
    await storage.keys.delete(["k1"], [anEvent({ event: "deleted" })]);
    expect((await storage.keys.states()).map((state) => state.keyId)).toEqual(["k2"]);
    expect((await storage.keyEvents.list(aQuery({ kind: "key_event" }))).data.length).toBe(2);
  });
});

describe("settings and facts", () => {
  test("settings are written, replaced, removed", async () => {
    await storage.settings.write({ max_retries: 5, theme: "dark", api_endpoint: HOSTILE }, null);
    await storage.settings.write({ max_retries: 6, theme: null }, anEvent({ event: "settings_changed" }));
    await reopen();
    expect(await storage.settings.all()).toEqual({ max_retries: 6, api_endpoint: HOSTILE });
    expect((await storage.keyEvents.list(aQuery())).data.length).toBe(1);
  });

  test("an upstream changes together with the settings, or neither does", async () => {
    await storage.upstreams.insert(anUpstream());
    const moved = anUpstream({ baseUrl: "http://127.0.0.1:10" });
    await storage.settings.write({ api_endpoint: moved.baseUrl }, null, moved);
    expect(await storage.upstreams.list()).toEqual([moved]);
    const missing = anUpstream({ id: "nobody", name: "x", isDefault: false });
    await expect(storage.settings.write({ api_endpoint: "x" }, null, missing)).rejects.toBeInstanceOf(
      NotFoundError,
    );
    expect(await storage.settings.all()).toEqual({ api_endpoint: moved.baseUrl });
  });

  test("facts are set and replaced", async () => {
    expect(await storage.facts.get("password_hash")).toBeNull();
    await storage.facts.set("password_hash", "one");
    await storage.facts.set("password_hash", HOSTILE);
    await reopen();
    expect(await storage.facts.get("password_hash")).toBe(HOSTILE);
  });
});

describe("sessions", () => {
  const session = {
    id: "s1",
    createdAt: 1,
    lastSeenAt: 2,
    expiresAt: 100,
    address: "::1",
    userAgent: HOSTILE,
  };

  test("are kept, touched and ended", async () => {
    await storage.sessions.insert(session);
    await storage.sessions.insert({ ...session, id: "s2", expiresAt: 200 });
    await storage.sessions.touch("s1", 50.4);
    await reopen();
    expect(await storage.sessions.get("s1")).toEqual({ ...session, lastSeenAt: 50 });
    expect((await storage.sessions.list()).map(({ id }) => id)).toEqual(["s1", "s2"]);
    await storage.sessions.deleteExpired(100);
    expect(await storage.sessions.get("s1")).toBeNull();
    await storage.sessions.delete("s2");
    expect(await storage.sessions.list()).toEqual([]);
  });

  test("all end at once", async () => {
    await storage.sessions.insert(session);
    await storage.sessions.insert({ ...session, id: "s2" });
    await storage.sessions.deleteAll();
    expect(await storage.sessions.list()).toEqual([]);
  });
});
