import { afterAll, beforeAll, expect, test } from "bun:test";
import http from "node:http";
import fc from "fast-check";
import type { HeaderList } from "../../src/upstream/types.ts";
import { answerModels, cuts } from "./answer-models.ts";
import { PATIENT, readAll, testClient } from "./asking.ts";
import { cutAt, type RawServer, rawServer, writeApart } from "./raw-server.ts";

/** What a client made of an answer; null: it failed. */
type Read = { status: number; headers: HeaderList; body: string } | null;

interface Scripted {
  pieces: Buffer[];
  /** End the connection after the last piece. */
  close: boolean;
}

const scripts = new Map<string, Scripted>();
const client = testClient();
const agent = new http.Agent({ keepAlive: true });
let server: RawServer;
let scripted = 0;

beforeAll(async () => {
  server = await rawServer(async (socket, request) => {
    const script = scripts.get(request.head.split(" ")[1]!)!;
    await writeApart(socket, script.pieces);
    if (script.close) socket.end();
  });
});

afterAll(async () => {
  client.close();
  agent.destroy();
  await server.stop();
});

function offer(pieces: Buffer[], close: boolean): string {
  const path = `/${scripted++}`;
  scripts.set(path, { pieces, close });
  return server.url + path;
}

async function byOurs(method: string, url: string): Promise<Read> {
  try {
    const answer = await client.send({ method, url, headers: [], body: null }, PATIENT).answer;
    const { body, failure } = await readAll(answer);
    return failure ? null : { status: answer.status, headers: answer.headers, body: body.toString("latin1") };
  } catch {
    return null;
  }
}

function byNode(method: string, url: string): Promise<Read> {
  return new Promise((resolve) => {
    const request = http.request(url, { method, agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", () => resolve(null));
      answer.on("aborted", () => resolve(null));
      answer.on("end", () => {
        const headers: HeaderList = [];
        for (let at = 0; at < answer.rawHeaders.length; at += 2)
          headers.push([answer.rawHeaders[at]!.toLowerCase(), answer.rawHeaders[at + 1]!]);
        const body = Buffer.concat(chunks).toString("latin1");
        resolve(answer.complete ? { status: answer.statusCode!, headers, body } : null);
      });
    });
    request.on("error", () => resolve(null));
    request.end();
  });
}

test("valid answers of every framing, cut anywhere: as node:http reads them", async () => {
  await fc.assert(
    fc.asyncProperty(answerModels, cuts, async (model, places) => {
      const url = offer(cutAt(model.bytes, places), model.untilClose);
      const [ours, nodes] = await Promise.all([byOurs(model.method, url), byNode(model.method, url)]);
      expect(ours).toEqual(nodes);
      expect(ours?.body === model.body.toString("latin1")).toBe(true);
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("damaged answers: never a hang, and never another reading than node:http's", async () => {
  // No tab: beside a value it is a blank (RFC 9110, 5.5), but the runtime's node:http takes it for a part of it.
  const damage = fc.tuple(fc.nat(300), fc.constantFrom(..."\r\n\0:; 0afZ-\x7f\xff".split("")), fc.boolean());
  await fc.assert(
    fc.asyncProperty(answerModels, damage, async (model, [at, char, insert]) => {
      const text = model.bytes.toString("latin1");
      const bytes = Buffer.from(text.slice(0, at) + char + text.slice(insert ? at : at + 1), "latin1");
      const url = offer([bytes], true);
      const [ours, nodes] = await Promise.all([byOurs(model.method, url), byNode(model.method, url)]);
      if (ours && nodes) expect(ours).toEqual(nodes);
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("answers that end too early fail in both", async () => {
  await fc.assert(
    fc.asyncProperty(answerModels, fc.nat(3_000), async (model, length) => {
      fc.pre(!model.untilClose && length < model.bytes.length);
      const url = offer([model.bytes.subarray(0, length)], true);
      const [ours, nodes] = await Promise.all([byOurs(model.method, url), byNode(model.method, url)]);
      expect(ours).toBeNull();
      expect(nodes).toBeNull();
    }),
    { numRuns: 100 },
  );
}, 60_000);
