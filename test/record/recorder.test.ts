import { expect, test } from "bun:test";
import { createLogger } from "../../src/log.ts";
import { Recorder } from "../../src/record/recorder.ts";
import type { Storage } from "../../src/storage/types.ts";
import { aQuery, aRequest, aState, open, tempFolder } from "../storage/builders.ts";
import { manualClock } from "../support/clock.ts";

const BODY = { text: "x".repeat(65_536), isCut: true };
/** 8 MiB hold so many requests with two bodies of 64 KiB. */
const FITTING = 64;

function recorderTo(writeBatch: Storage["writeBatch"]): Recorder {
  const logger = createLogger({ level: "error", format: "json", write: () => {} });
  return new Recorder({ writeBatch }, logger, manualClock());
}

test("bodies wait within 8 MiB while storage fails; beyond it a request is recorded without its own", async () => {
  const folder = tempFolder();
  const storage = await open(folder);
  let isFull = true;
  const recorder = recorderTo(async (batch) => {
    if (isFull) throw new Error("the disk is full");
    await storage.writeBatch(batch);
  });
  const record = (id: string) =>
    recorder.record(
      aRequest({
        id,
        startedAt: 1_000,
        bodies: { request: BODY, response: BODY, requestHeaders: [], responseHeaders: [] },
      }),
    );
  for (let n = 0; n < FITTING + 3; n += 1) record(`r${n}`);
  expect(await recorder.flush()).toBe(false);
  expect(recorder.state).toMatchObject({ queued: FITTING + 3, dropped: 0, droppedBodies: 3 });
  isFull = false;
  expect(await recorder.flush()).toBe(true);
  expect((await storage.requestLogs.list(aQuery({ limit: 500 }))).data).toHaveLength(FITTING + 3);
  expect((await storage.requestLogs.get(`r${FITTING - 1}`))?.bodies?.response).toEqual(BODY);
  expect((await storage.requestLogs.get(`r${FITTING}`))?.bodies).toBeUndefined();
  // What was written makes room again.
  record("later");
  expect(await recorder.flush()).toBe(true);
  expect((await storage.requestLogs.get("later"))?.bodies?.request).toEqual(BODY);
  expect(recorder.state.droppedBodies).toBe(3);
  storage.close();
  folder.remove();
});

test("a full batch is written at once, and no transaction holds more; while storage fails it waits", async () => {
  const sizes: number[] = [];
  let isFull = false;
  const recorder = recorderTo(async ({ requests }) => {
    if (isFull) throw new Error("the disk is full");
    sizes.push(requests.length);
  });
  const record = (count: number) => {
    for (let n = 0; n < count; n += 1) recorder.record(aRequest({ id: `r${n}`, startedAt: 1_000 }));
  };
  const turns = async () => {
    for (let n = 0; n < 5; n += 1) await Bun.sleep(1);
  };
  record(499);
  await turns();
  expect(sizes).toEqual([]);
  record(801);
  await turns();
  expect(sizes).toEqual([500, 500]);
  expect(await recorder.flush()).toBe(true);
  expect(sizes).toEqual([500, 500, 300]);
  isFull = true;
  record(600);
  await turns();
  record(600);
  await turns();
  expect(sizes).toHaveLength(3);
  expect(recorder.state).toMatchObject({ queued: 1_200, dropped: 0 });
  isFull = false;
  expect(await recorder.flush()).toBe(true);
  expect(sizes.slice(3)).toEqual([500, 500, 200]);
});

test("a key's state is written every 250 ms, however many full batches of requests go before", async () => {
  const written: { requests: number; states: string[] }[] = [];
  const recorder = recorderTo(async ({ requests, keyStates }) => {
    written.push({ requests: requests.length, states: keyStates.map(({ keyId }) => keyId) });
  });
  recorder.keyState(aState({ keyId: "k1" }));
  for (let n = 0; n < 1_000; n += 1) {
    recorder.record(aRequest({ id: `r${n}`, startedAt: 1_000 }));
    if (n % 500 === 499) await Bun.sleep(5);
  }
  expect(written).toEqual([
    { requests: 500, states: [] },
    { requests: 500, states: [] },
  ]);
  recorder.keyState(aState({ keyId: "k2" }));
  await Bun.sleep(350);
  expect(written.slice(2)).toEqual([{ requests: 0, states: ["k1", "k2"] }]);
});
