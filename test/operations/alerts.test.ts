import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { Alerts } from "../../src/operations/alerts.ts";
import type { KeyGlance } from "../../src/pool/types.ts";
import type { LiveFigures } from "../../src/record/types.ts";
import { createSettings, parseSettingsPatch, type Settings } from "../../src/settings.ts";
import type { KeyView, MinuteTotals } from "../../src/types.ts";
import { createUpstreamClient } from "../../src/upstream/client.ts";
import { type ManualClock, manualClock } from "../support/clock.ts";

const SECRET = "webhook secret";

interface Message {
  alert: string;
  state: string;
  message: string;
  since: string;
  at: string;
  details: Record<string, unknown>;
}

let clock: ManualClock;
let keys: KeyGlance[];
let minutes: MinuteTotals[];
let recorder: LiveFigures["recorder"];
let settings: Settings;
let facts: Map<string, string>;
let got: { message: Message; headers: Headers; body: string }[];
let status: number;
let warnings: string[];
let server: ReturnType<typeof Bun.serve>;
let alerts: Alerts;

beforeEach(() => {
  clock = manualClock();
  keys = [key("k1"), key("k2")];
  minutes = [];
  recorder = { queued: 0, dropped: 0, lastError: null };
  facts = new Map();
  got = [];
  status = 204;
  warnings = [];
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const body = await request.text();
      if (status < 300) got.push({ message: JSON.parse(body), headers: request.headers, body });
      return new Response(null, { status });
    },
  });
  settings = settingsWith({ alert_webhook_url: `http://127.0.0.1:${server.port}/hook?a=b` });
  alerts = start();
});
afterEach(() => server.stop(true));

function settingsWith(patch: Record<string, unknown>): Settings {
  return { ...createSettings({}).current, ...parseSettingsPatch({ alert_webhook_secret: SECRET, ...patch }) };
}

function start(): Alerts {
  const no = () => undefined;
  return new Alerts({
    clock,
    log: { debug: no, info: no, warn: (text: string) => warnings.push(text), error: no, hide: no } as never,
    client: createUpstreamClient({ clock }),
    storage: {
      facts: {
        get: async (name) => facts.get(name) ?? null,
        async set(name, value) {
          facts.set(name, value);
        },
      },
    },
    settings: () => settings,
    keys: () => keys,
    figures: () => ({ minutes, recorder }),
  });
}

function key(id: string, { status = "available", condition = null }: Partial<KeyView> = {}): KeyGlance {
  const key = { id, name: `name of ${id}`, poolId: null, enabled: true };
  return { id, status, key, state: { condition } } as KeyGlance;
}

const invalid = (id: string) =>
  key(id, {
    status: "invalid",
    condition: { status: "invalid", reason: "401: revoked", since: 1, until: null },
  });
const told = () => got.map(({ message }) => `${message.alert} ${message.state}`);

test("a key that became invalid is told once, and once more when it works again, signed", async () => {
  await alerts.look();
  expect(got).toEqual([]);
  keys[0] = invalid("k1");
  await alerts.look();
  await alerts.look();
  expect(told()).toEqual(["key_invalid firing"]);
  const [{ message, headers, body }] = got as [(typeof got)[0]];
  expect(message).toEqual({
    alert: "key_invalid",
    state: "firing",
    message: 'The key "name of k1" is invalid: 401: revoked',
    since: "2026-11-24T12:00:00.000Z",
    at: "2026-11-24T12:00:00.000Z",
    details: { key_id: "k1", key_name: "name of k1", pool_id: null, reason: "401: revoked" },
  });
  const timestamp = headers.get("x-lb-timestamp");
  expect(timestamp).toBe(String(clock.now() / 1_000));
  const digest = createHmac("sha256", SECRET).update(`${timestamp}.${body}`).digest("hex");
  expect(headers.get("x-lb-signature")).toBe(`sha256=${digest}`);
  expect(headers.get("content-type")).toBe("application/json");

  clock.advance(60_000);
  keys[0] = key("k1");
  await alerts.look();
  await alerts.look();
  expect(told()).toEqual(["key_invalid firing", "key_invalid resolved"]);
  expect(got[1]?.message).toMatchObject({
    since: "2026-11-24T12:00:00.000Z",
    at: "2026-11-24T12:01:00.000Z",
  });
});

test("what was told is not told again after a restart, but that it is over", async () => {
  keys[0] = invalid("k1");
  await alerts.look();
  alerts = start();
  await alerts.look();
  expect(told()).toEqual(["key_invalid firing"]);
  alerts = start();
  keys = [];
  await alerts.look();
  expect(told()).toEqual(["key_invalid firing", "key_invalid resolved"]);
});

test("a webhook that takes nothing is asked again with growing pauses; nothing is lost, nothing doubled", async () => {
  status = 500;
  keys[0] = invalid("k1");
  await alerts.look();
  await alerts.look();
  expect(warnings).toHaveLength(1);
  clock.advance(5_001);
  await alerts.look();
  clock.advance(5_001);
  await alerts.look();
  expect(warnings).toHaveLength(2);
  status = 200;
  clock.advance(5_001);
  await alerts.look();
  expect(told()).toEqual(["key_invalid firing"]);
  expect(got[0]?.message.since).toBe("2026-11-24T12:00:00.000Z");
});

test("what was over before it could be told is not told", async () => {
  status = 500;
  keys[0] = invalid("k1");
  await alerts.look();
  status = 200;
  keys[0] = key("k1");
  clock.advance(10_000);
  await alerts.look();
  expect(got).toEqual([]);
});

test("few usable keys are told once it lasts, not for a moment", async () => {
  settings = settingsWith({ alert_webhook_url: settings.alertWebhookUrl, alert_min_usable_keys: 2 });
  keys[1] = key("k2", { status: "cooling" });
  await alerts.look();
  clock.advance(20_000);
  keys[1] = key("k2");
  await alerts.look();
  keys[1] = key("k2", { status: "cooling" });
  await alerts.look();
  clock.advance(29_000);
  await alerts.look();
  expect(got).toEqual([]);
  clock.advance(1_000);
  await alerts.look();
  expect(got[0]?.message).toMatchObject({
    alert: "few_usable_keys",
    message: "1 of 2 keys can be used; at least 2 should be.",
    details: { usable_keys: 1, keys: 2, min_usable_keys: 2 },
  });
  keys = [];
  await alerts.look();
  expect(told()).toEqual(["few_usable_keys firing", "few_usable_keys resolved"]);
});

test("the error rate of five minutes is told above the limit, and over clearly below it", async () => {
  const minute = (requests: number, errors: number) => ({ requests, errors }) as MinuteTotals;
  minutes = [minute(1_000, 1_000), minute(10, 10), minute(0, 0), minute(0, 0), minute(0, 0), minute(9, 9)];
  await alerts.look();
  expect(got).toEqual([]);
  minutes.push(minute(21, 11));
  await alerts.look();
  expect(got[0]?.message).toMatchObject({ alert: "error_rate", details: { requests: 30, errors: 20 } });
  minutes.push(minute(20, 2));
  await alerts.look();
  expect(told()).toEqual(["error_rate firing"]);
  minutes.push(minute(40, 0));
  await alerts.look();
  expect(told()).toEqual(["error_rate firing", "error_rate resolved"]);
});

test("storage that fails is told though nothing can be remembered, once", async () => {
  facts.set = () => {
    throw new Error("disk full");
  };
  recorder = { queued: 12, dropped: 3, lastError: "disk full" };
  await alerts.look();
  await alerts.look();
  expect(got[0]?.message).toMatchObject({
    alert: "storage_failing",
    details: { reason: "disk full", queued: 12 },
  });
  recorder = { queued: 0, dropped: 3, lastError: null };
  await alerts.look();
  expect(told()).toEqual(["storage_failing firing", "storage_failing resolved"]);
});

test("many at once are told some at a time, all in the end", async () => {
  keys = Array.from({ length: 45 }, (_, at) => invalid(`k${at}`));
  settings = { ...settings, alertMinUsableKeys: 0 };
  await alerts.look();
  expect(got).toHaveLength(20);
  await alerts.look();
  await alerts.look();
  await alerts.look();
  expect(new Set(got.map(({ message }) => message.details.key_id)).size).toBe(45);
  expect(got).toHaveLength(45);
});

test("without a webhook nothing is sent; an address that is forbidden is never connected to", async () => {
  keys[0] = invalid("k1");
  settings = { ...settings, alertWebhookUrl: null };
  await alerts.look();
  settings = { ...settings, alertWebhookUrl: "http://169.254.169.254/latest" };
  await alerts.look();
  expect([got, warnings.length]).toEqual([[], 1]);
});
