import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import type { Storage } from "../../src/storage/types.ts";
import type { KeptBodies } from "../../src/types.ts";
import { aQuery, aRequest, batchOf, type Folder, withFreshStorage } from "./builders.ts";

let folder: Folder;
let storage: Storage;
withFreshStorage((fresh) => ({ folder, storage } = fresh));

function keptRows(): number {
  using database = new Database(folder.database, { readonly: true });
  return (database.query("SELECT count(*) AS rows FROM request_bodies").get() as { rows: number }).rows;
}

test("bodies are read with their request alone and deleted with it", async () => {
  const bodies: KeptBodies = {
    request: { text: "What? \u{1f600}", isCut: true },
    response: { text: "That.", isCut: false },
    requestHeaders: [{ name: "accept", value: "*/*" }],
    responseHeaders: [{ name: "x-a", value: "1" }],
  };
  const noHeaders = { requestHeaders: [], responseHeaders: [] };
  const half: KeptBodies = { request: null, response: { text: "only this", isCut: true }, ...noHeaders };
  const requests = [
    aRequest({ id: "both", startedAt: 1_000, bodies }),
    aRequest({ id: "half", startedAt: 2_000, bodies: half }),
    aRequest({ id: "neither", startedAt: 3_000, bodies: { request: null, response: null, ...noHeaders } }),
    aRequest({ id: "none", startedAt: 4_000 }),
  ];
  await storage.writeBatch(batchOf(requests));
  // A batch may be given again.
  await storage.writeBatch(batchOf(requests));
  expect(keptRows()).toBe(2);
  expect((await storage.requestLogs.get("both"))?.bodies).toEqual(bodies);
  expect((await storage.requestLogs.get("half"))?.bodies).toEqual(half);
  expect((await storage.requestLogs.get("neither"))?.bodies).toBeUndefined();
  expect((await storage.requestLogs.get("none"))?.bodies).toBeUndefined();
  for (const request of (await storage.requestLogs.list(aQuery())).data)
    expect(request.bodies).toBeUndefined();
  await storage.maintenance.deleteRequests({ at: 2_000 }, 100);
  expect(keptRows()).toBe(1);
  expect((await storage.requestLogs.get("half"))?.bodies).toEqual(half);
});
