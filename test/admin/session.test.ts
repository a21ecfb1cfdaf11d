import { afterEach, describe, expect, test } from "bun:test";
import { createClientOf } from "../../src/admin/client.ts";
import { GuessGuard } from "../../src/admin/guess-guard.ts";
import { createSessions, type LogInResult, SESSION_COOKIE } from "../../src/admin/session.ts";
import { clientAddress } from "../../src/client-address.ts";
import { ensurePassword, PASSWORD_HASH_FACT } from "../../src/operations/password.ts";
import { createSessionOperations } from "../../src/operations/sessions.ts";
import { hashPassword } from "../../src/secrets.ts";
import { type AdminOptions, type AdminServer, PASSWORD, startAdmin } from "../support/admin-server.ts";
import { manualClock } from "../support/clock.ts";

const running: AdminServer[] = [];
async function start(options: AdminOptions = {}): Promise<AdminServer> {
  const admin = await startAdmin(options);
  running.push(admin);
  return admin;
}
afterEach(async () => {
  for (const admin of running.splice(0)) await admin.stop();
});

const local = { address: "127.0.0.1", https: false, proxied: false };
const isIn = async (admin: AdminServer, cookie: string) =>
  (await admin.call("GET", "/keys", undefined, { cookie })).status === 200;

describe("a session", () => {
  test("begins with the right password and stands in storage, its token in an HttpOnly cookie", async () => {
    const admin = await start();
    const result = await admin.sessions.logIn({
      password: PASSWORD,
      client: local,
      userAgent: "x".repeat(1_000),
    });
    const cookie = result.ok ? result.cookie : "";
    expect(cookie).toMatch(/^lb_session=[\w.-]+; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/);
    expect(await isIn(admin, cookie.split(";")[0] ?? "")).toBe(true);
    const [session] = await admin.storage.sessions.list();
    expect(session).toMatchObject({ address: "127.0.0.1", userAgent: "x".repeat(300) });
    expect(session!.expiresAt - session!.createdAt).toBe(7 * 86_400_000);
    const events = await admin.call("GET", "/logs?kind=key_event");
    expect(events.json.data[0]).toMatchObject({
      event: "logged_in",
      detail: "from 127.0.0.1",
      actor: "admin",
    });

    const https = { ...local, https: true };
    const secure = await admin.sessions.logIn({ password: PASSWORD, client: https, userAgent: "" });
    expect(secure.ok && secure.cookie.endsWith("; Secure")).toBe(true);
  });

  test("ends with a log-out at once, for a copied cookie too, and with time", async () => {
    const admin = await start();
    const [mine, other] = [await admin.logIn(), await admin.logIn()];
    expect(await isIn(admin, mine)).toBe(true);
    const gone = await admin.sessions.logOut(new Request(admin.url, { headers: { cookie: mine } }));
    expect(gone).toStartWith(`${SESSION_COOKIE}=; Path=/; Max-Age=0`);
    expect(await isIn(admin, mine)).toBe(false);
    expect(await isIn(admin, other)).toBe(true);
    expect(await admin.storage.sessions.list()).toHaveLength(1);
    admin.clock.advance(7 * 86_400_000 - 1_000);
    expect(await isIn(admin, other)).toBe(true);
    admin.clock.advance(1_001);
    expect(await isIn(admin, other)).toBe(false);
  });

  test("asked for while it is being ended does not come back", async () => {
    const admin = await start();
    const cookie = await admin.logIn();
    const request = () => new Request(admin.url, { headers: { cookie } });
    const asked = Array.from({ length: 20 }, () => admin.sessions.sessionOf(request()));
    await Promise.all([...asked, admin.sessions.logOut(request())]);
    expect(await admin.sessions.sessionOf(request())).toBeNull();
  });

  test("survives a restart, but not a forged, cut, unsigned or otherwise signed token", async () => {
    const clock = manualClock();
    const first = await startAdmin({ clock });
    const cookie = await first.logIn();
    await first.stop("keep");
    const admin = await start({ dir: first.dir, clock });
    expect(await isIn(admin, cookie)).toBe(true);
    const token = cookie.slice(SESSION_COOKIE.length + 1);
    const [head = "", claims = "", signature = ""] = token.split(".");
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const forged = [
      "",
      "x",
      `${head}.${claims}.`,
      `${head}.${claims}.${signature.slice(0, -4)}AAAA`,
      `${encode({ alg: "none", typ: "JWT" })}.${claims}.`,
      `${head}.${encode({ ...JSON.parse(Buffer.from(claims, "base64url").toString()), exp: 9_999_999_999 })}.${signature}`,
      "x".repeat(5_000),
    ];
    for (const bad of forged)
      expect([bad, await isIn(admin, `${SESSION_COOKIE}=${bad}`)]).toEqual([bad, false]);
    expect(await isIn(admin, `other=1; ${cookie}; more=2`)).toBe(true);
  });

  test("notes when it was last seen, at most once a minute", async () => {
    const admin = await start();
    const cookie = await admin.logIn();
    const seenAt = async () => (await admin.storage.sessions.list())[0]!.lastSeenAt;
    const createdAt = await seenAt();
    expect(createdAt).toBe(admin.clock.now());
    admin.clock.advance(59_000);
    await isIn(admin, cookie);
    expect(await seenAt()).toBe(createdAt);
    admin.clock.advance(1_000);
    await isIn(admin, cookie);
    expect(await seenAt()).toBe(createdAt + 60_000);
  });

  test("is dead under another password, set or stored, and does not come back with the old one", async () => {
    const clock = manualClock();
    const first = await startAdmin({ clock });
    const cookie = await first.logIn();
    await first.stop("keep");
    const second = await startAdmin({ dir: first.dir, clock, adminPassword: "another password" });
    expect(await isIn(second, cookie)).toBe(false);
    await second.stop("keep");
    const third = await startAdmin({ dir: first.dir, clock });
    expect(await isIn(third, cookie)).toBe(false);
    const again = await third.logIn();
    await third.storage.facts.set(PASSWORD_HASH_FACT, await hashPassword("stored"));
    await third.stop("keep");
    const fourth = await start({ dir: first.dir, clock, adminPassword: undefined });
    expect(await isIn(fourth, again)).toBe(false);
  });
});

describe("the password", () => {
  test("is made at the first start, told once, and kept as argon2id", async () => {
    const admin = await start();
    const source = { adminPassword: undefined, storage: admin.storage };
    const made = await ensurePassword(source);
    expect(made).toMatch(/^[\w-]{16,}$/);
    expect(await ensurePassword(source)).toBeNull();
    expect(await admin.storage.facts.get(PASSWORD_HASH_FACT)).toStartWith("$argon2id$");
    const operations = await createSessionOperations({ ...admin, adminPassword: undefined });
    const sessions = createSessions(operations, admin.clock);
    const attempt = { client: local, userAgent: "" };
    expect((await sessions.logIn({ ...attempt, password: made! })).ok).toBe(true);
    expect((await sessions.logIn({ ...attempt, password: PASSWORD })).ok).toBe(false);
  });

  test("set in the environment wins over the stored one, and none is made then", async () => {
    const admin = await start();
    await admin.storage.facts.set(PASSWORD_HASH_FACT, await hashPassword("stored one"));
    const attempt = { client: local, userAgent: "" };
    expect((await admin.sessions.logIn({ ...attempt, password: "stored one" })).ok).toBe(false);
    admin.clock.advance(1_000);
    expect((await admin.sessions.logIn({ ...attempt, password: PASSWORD })).ok).toBe(true);
    expect(await ensurePassword({ adminPassword: PASSWORD, storage: admin.storage })).toBeNull();
  });

  test("can't be guessed quickly from one address, and the right one has to wait too", async () => {
    const admin = await start();
    const attempt = (password: string, address = "192.0.2.1"): Promise<LogInResult> =>
      admin.sessions.logIn({ password, client: { ...local, address }, userAgent: "" });
    for (const waitS of [1, 2, 4, 8, 16, 32, 64, 128, 256, 900]) {
      const wrong = await attempt("wrong");
      expect(wrong).toMatchObject({ ok: false, waitS });
      if (waitS === 900) break;
      expect(await attempt(PASSWORD)).toMatchObject({ ok: false, waitS });
      admin.clock.advance(waitS * 1_000);
    }
    expect(await attempt(PASSWORD)).toEqual({
      ok: false,
      unread: true,
      waitS: 900,
      message: "Too many wrong tries from this address. Try again in 15 min.",
    });
    expect((await attempt(PASSWORD, "192.0.2.2")).ok).toBe(true);
    admin.clock.advance(900_000);
    expect((await attempt(PASSWORD)).ok).toBe(true);
    expect(await attempt("wrong")).toMatchObject({
      ok: false,
      waitS: 1,
      message: "Wrong password. Try again in 1 s.",
    });
    const events = (await admin.call("GET", "/logs?kind=key_event&q=192.0.2.1")).json.data;
    const failed = events.filter(({ event }: { event: string }) => event === "login_failed");
    expect(failed).toHaveLength(11);
    expect(JSON.stringify(events)).not.toContain("wrong");
  });

  test("tried many times at once from one address is looked at once", async () => {
    const admin = await start();
    const results = await Promise.all(
      Array.from({ length: 50 }, () =>
        admin.sessions.logIn({ password: "wrong", client: local, userAgent: "" }),
      ),
    );
    const looked = results.filter((result) => !result.ok && result.message.startsWith("Wrong password"));
    expect(looked).toHaveLength(1);
  });
});

describe("the guard against guessing", () => {
  test("only slows tries from many addresses, by at most 2 s, and remembers 10,000 addresses", () => {
    const clock = manualClock();
    const guard = new GuessGuard(clock);
    const delays = Array.from({ length: 20_000 }, (_, n) => {
      const admission = guard.admit(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
      return admission.admitted ? admission.delayMs : -1;
    });
    expect(Math.min(...delays)).toBe(0);
    expect(Math.max(...delays)).toBe(2_000);
    expect(guard.waitS("10.0.78.31")).toBe(1);
    expect(guard.waitS("10.0.0.0")).toBe(0);
    clock.advance(60_000);
    expect(guard.admit("198.51.100.1")).toEqual({ admitted: true, delayMs: 0 });
  });

  test("takes an IPv6 network for one address", () => {
    const guard = new GuessGuard(manualClock());
    expect(guard.admit("2001:db8:0:1::1").admitted).toBe(true);
    expect(guard.admit("2001:db8::1:ffff:0:0:2").admitted).toBe(false);
    expect(guard.admit("2001:db8:0:2::1").admitted).toBe(true);
  });

  test("forgets an address that was quiet for 15 minutes", () => {
    const clock = manualClock();
    const guard = new GuessGuard(clock);
    guard.admit("192.0.2.1");
    clock.advance(1_000);
    guard.admit("192.0.2.1");
    expect(guard.waitS("192.0.2.1")).toBe(2);
    clock.advance(15 * 60_000);
    guard.admit("192.0.2.1");
    expect(guard.waitS("192.0.2.1")).toBe(1);
  });
});

describe("who is at the other end", () => {
  const isTrustedProxy = (address: string) => address.startsWith("10.");
  const seen = (connection: string, headers: Record<string, string>, url = "http://x/") =>
    createClientOf({
      connectionAddress: () => connection,
      clientAddress: (address, given) => clientAddress(address, given.get("x-forwarded-for"), isTrustedProxy),
      isTrustedProxy,
    })(new Request(url, { headers }));

  test("is the peer, whatever an untrusted one claims", () => {
    const claims = { "x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https" };
    expect(seen("203.0.113.9", claims)).toEqual({ address: "203.0.113.9", https: false, proxied: false });
    expect(seen("::ffff:203.0.113.9", {})).toMatchObject({ address: "203.0.113.9" });
    expect(seen("203.0.113.9", {}, "https://x/").https).toBe(true);
  });

  test("is what a trusted proxy says, read from the right up to the first stranger", () => {
    const forwarded = (list: string) => seen("10.0.0.1", { "x-forwarded-for": list }).address;
    expect(forwarded("203.0.113.9")).toBe("203.0.113.9");
    expect(forwarded("6.6.6.6, 203.0.113.9, 10.0.0.2")).toBe("203.0.113.9");
    expect(forwarded("")).toBe("10.0.0.1");
    expect(seen("10.0.0.1", { "x-forwarded-proto": "https" })).toMatchObject({ https: true, proxied: true });
    expect(seen("10.0.0.1", { "x-forwarded-proto": "http" }, "https://x/").https).toBe(false);
  });
});
