import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RequestRecord } from "../../src/types.ts";
import { anAttempt, aRequest, batchOf } from "../storage/builders.ts";
import { type AdminServer, API_TOKEN, startAdmin } from "../support/admin-server.ts";

const DAY_MS = 86_400_000;
const HEADERS = { authorization: `Bearer ${API_TOKEN}` };

let admin: AdminServer;
beforeEach(async () => {
  admin = await startAdmin();
});
afterEach(() => admin.stop());

const write = (...requests: RequestRecord[]) => admin.storage.writeBatch(batchOf(requests));
const get = (path: string, init: RequestInit = {}) =>
  fetch(`${admin.url}/api/admin${path}`, { headers: HEADERS, ...init });

describe("export", () => {
  test("as JSON lines: every row once, newest first, as the list shows it", async () => {
    await write(
      ...Array.from({ length: 700 }, (_, row) => aRequest({ id: `r${row}`, startedAt: 1_000 + row })),
    );
    const answer = await get("/logs/export");
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson; charset=utf-8");
    expect(answer.headers.get("content-disposition")).toBe(
      'attachment; filename="requests-2026-11-24.jsonl"',
    );
    const rows = (await answer.text())
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 700 }, (_, row) => `r${699 - row}`));
    expect(rows[0]).toEqual((await admin.call("GET", "/logs?limit=1")).json.data[0]);
  });

  test("as CSV: cells that a sheet would take for formulas are text, quotes and line ends stay within", async () => {
    await write(
      aRequest({
        id: "r1",
        startedAt: Date.parse("2026-01-01T00:00:00Z"),
        model: '=HYPERLINK("http://x")',
        userAgent: "@SUM(A1)",
        error: 'a "quoted", one\nand more',
        endpoint: "-1+1",
        clientAddress: "+1",
        costUsd: 0.5,
        attempts: [],
      }),
    );
    const text = await (await get("/logs/export?format=csv&kind=request")).text();
    const [head, ...lines] = text.split("\r\n");
    expect(head).toStartWith("id,started_at,endpoint,model,");
    expect(lines.join("\r\n")).toBe(
      'r1,2026-01-01T00:00:00.000Z,\'-1+1,"\'=HYPERLINK(""http://x"")",gpt-4o-mini,false,,\'+1,\'@SUM(A1),200,ok,20,40,10,20,,,upstream,0.5,600,700,"a ""quoted"", one\nand more",[]\r\n',
    );
  });

  test("takes the list's filters, and says what is wrong with them before it begins", async () => {
    await write(aRequest({ id: "r1", model: "a" }), aRequest({ id: "r2", model: "b" }));
    expect((await (await get("/logs/export?model=b")).text()).split("\n")).toHaveLength(2);
    expect(await (await get("/logs/export?model=none")).text()).toBe("");
    expect((await get(`/logs/export?q=${"x".repeat(300)}`)).status).toBe(422);
    expect((await get("/logs/export?format=xml")).status).toBe(422);
    await admin.call("POST", "/pools", { name: "p" });
    const events = await (await get("/logs/export?kind=key_event&format=csv")).text();
    expect(events).toStartWith("id,at,event,");
  });

  test("reads no further than the client does", async () => {
    await write(
      ...Array.from({ length: 6_000 }, (_, row) =>
        aRequest({ startedAt: row, userAgent: "x".repeat(4_000) }),
      ),
    );
    let pages = 0;
    const { list } = admin.storage.requestLogs;
    admin.storage.requestLogs.list = (query) => {
      pages += 1;
      return list(query);
    };
    const reader = (await get("/logs/export")).body!.getReader();
    await reader.read();
    await Bun.sleep(300);
    // All would be 24, of a MiB each; what the sockets hold is some of them.
    expect(pages).toBeLessThan(20);
    await reader.cancel();
    await Bun.sleep(50);
    const before = pages;
    await Bun.sleep(100);
    expect(pages).toBe(before);
  });
});

describe("live", () => {
  /** Reads events until the text has what is looked for. */
  async function watch(path: string) {
    const abort = new AbortController();
    const answer = await get(path, { signal: abort.signal });
    const reader = answer.body?.getReader();
    let text = "";
    return {
      answer,
      stop: () => abort.abort(),
      async until(part: string) {
        while (!text.includes(part)) {
          const { value, done } = await reader!.read();
          if (done) throw new Error(`the stream ended: ${text}`);
          text += new TextDecoder().decode(value);
        }
        return text;
      },
    };
  }

  test("tells of requests as they end, those that fit", async () => {
    const all = await watch("/logs/live");
    const some = await watch("/logs/live?kind=error&model=a&key_id=k2");
    expect(all.answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    await all.until(": watching\n\n");
    await some.until(": watching\n\n");
    const failed = { outcome: "rate_limited", model: "a" };
    admin.tail.publish(aRequest({ id: "r1", model: "a" }));
    admin.tail.publish(aRequest({ id: "r2", ...failed }));
    admin.tail.publish(aRequest({ id: "r3", ...failed, attempts: [anAttempt({ keyId: "k2" })] }));
    const text = await all.until('"id":"r3"');
    expect(text.match(/^event: request$/gm)).toHaveLength(3);
    const data = /^data: (.*)$/m.exec(await some.until('"id":"r3"'))?.[1] ?? "";
    expect(JSON.parse(data)).toMatchObject({ id: "r3", model: "a", started_at: expect.any(String) });
    all.stop();
    some.stop();
  });

  test("takes a bounded number of watchers, and those that left make room", async () => {
    const watchers = await Promise.all(Array.from({ length: 20 }, () => watch("/logs/live")));
    expect(watchers.map(({ answer }) => answer.status)).toEqual(Array(20).fill(200));
    const refused = await get("/logs/live");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
    watchers[0]!.stop();
    for (let tries = 0; tries < 100; tries++) {
      const another = await get("/logs/live");
      if (another.status === 200) {
        await another.body?.cancel();
        break;
      }
      await Bun.sleep(20);
      expect(tries).toBeLessThan(99);
    }
    for (const { stop } of watchers) stop();
  });

  test("leaves out what a slow reader has no room for, and says how many", async () => {
    const slow = await watch("/logs/live");
    await slow.until(": watching\n\n");
    for (let row = 0; row < 5_000; row++) {
      admin.tail.publish(aRequest({ id: `r${row}`, userAgent: "x".repeat(1_000) }));
    }
    await slow.until('"id":"r10"');
    await Bun.sleep(50);
    admin.tail.publish(aRequest({ id: "last" }));
    const text = await slow.until('"id":"last"');
    const count = Number(/^event: dropped\ndata: {"count":(\d+)}$/m.exec(text)?.[1]);
    expect(count + (text.match(/^event: request$/gm)?.length ?? 0)).toBe(5_001);
    expect(count).toBeGreaterThan(4_000);
    slow.stop();
  });

  test("nobody watches without a login", async () => {
    expect((await get("/logs/live", { headers: {} })).status).toBe(401);
    expect((await get("/logs/export", { headers: {} })).status).toBe(401);
  });
});

describe("cleanup", () => {
  beforeEach(async () => {
    const now = admin.clock.now();
    await write(
      ...[1, 5, 20, 40].map((days) => aRequest({ id: `d${days}`, startedAt: now - days * DAY_MS - 1_000 })),
    );
  });

  test("tells what it would free, deletes what is older, archived before where asked, and is noted", async () => {
    const report = await admin.call("GET", "/logs/cleanup?older_than_days=10");
    expect(report.json).toMatchObject({
      deletable_requests: 2,
      oldest_request_at: "2026-10-15T11:59:59.000Z",
    });
    expect(report.json.size_bytes).toBeGreaterThan(report.json.freeable_bytes);
    expect(report.json.freeable_bytes).toBeGreaterThan(0);

    const result = await admin.call("POST", "/logs/cleanup", { older_than_days: 10, archive: true });
    expect(result.json).toMatchObject({
      deleted_requests: 2,
      archived_requests: 2,
      archive_files: ["requests-2026-10-15.jsonl.zst", "requests-2026-11-04.jsonl.zst"],
    });
    expect(existsSync(join(admin.dir, "archive/requests-2026-11-04.jsonl.zst"))).toBe(true);
    const left = (await admin.call("GET", "/logs")).json.data.map(({ id }: { id: string }) => id);
    expect(left).toEqual(["d1", "d5"]);
    const [event] = (await admin.call("GET", "/logs?kind=key_event&limit=1")).json.data;
    expect(event).toMatchObject({ event: "logs_cleaned", actor: "api" });
    expect(event.detail).toContain("2 requests");

    const archive = join(admin.dir, "archive/requests-2026-11-04.jsonl.zst");
    await admin.operations.transfer.importFile(archive, { actor: "admin" });
    expect((await admin.call("GET", "/logs/d20")).json).toMatchObject({
      id: "d20",
      attempts: [{ key_id: "k1" }],
    });
  });

  test("wrong input deletes nothing", async () => {
    for (const body of [
      {},
      { older_than_days: -1 },
      { older_than_days: 1.5 },
      { older_than_days: 1, all: 1 },
    ]) {
      expect((await admin.call("POST", "/logs/cleanup", body)).status).toBe(422);
    }
    expect((await admin.call("GET", "/logs")).json.data).toHaveLength(4);
  });
});

test("facets: what can be filtered by, with counts", async () => {
  await write(aRequest({ startedAt: admin.clock.now(), model: "m" }));
  await admin.storage.rollups.fold((ms) => Math.floor(ms / DAY_MS) * DAY_MS);
  expect((await admin.call("GET", "/logs/facets")).json).toEqual({
    models: [{ value: "m", requests: 1 }],
    keys: [{ value: "k1", requests: 1 }],
    outcomes: [{ value: "ok", requests: 1 }],
    pools: [],
  });
  expect((await admin.call("GET", "/logs/facets?from=tomorrow")).status).toBe(422);
});
