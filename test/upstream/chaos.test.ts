import { expect, test } from "bun:test";
import fc from "fast-check";
import type { SendOptions } from "../../src/upstream/types.ts";
import { type AnswerModel, answerModels, cuts } from "./answer-models.ts";
import { testClient } from "./asking.ts";
import { cutAt, rawServer, until, writeApart } from "./raw-server.ts";

const OPTIONS: SendOptions = { connectTimeoutMs: 5_000, firstByteTimeoutMs: 300, idleTimeoutMs: 300 };
const EXCHANGES_AT_ONCE = 20;

interface Play {
  model: AnswerModel;
  cuts: number[];
  /** The server stops after this part of the bytes, in percent, then ends, resets or falls silent. */
  stopAt: number;
  stopHow: "end" | "resetAndDestroy" | "silent";
  /** The client aborts or pauses for a moment at the nth call; beyond the calls: never. */
  abortAt: number;
  pauseAt: number;
  /** Abort after so many turns of the loop, whatever has come by then. */
  abortAfterTurns: number;
}

const plays: fc.Arbitrary<Play> = fc.record({
  model: answerModels,
  cuts,
  stopAt: fc.oneof(fc.constant(100), fc.integer({ min: 0, max: 99 })),
  stopHow: fc.constantFrom("end", "resetAndDestroy", "end", "resetAndDestroy", "end", "silent"),
  abortAt: fc.nat(40),
  pauseAt: fc.nat(10),
  abortAfterTurns: fc.nat(200),
});

test("whatever server and reader do: one end, only true bytes, no connection lost or kept", async () => {
  const all = new Map<string, Play>();
  const server = await rawServer(async (socket, { head }) => {
    const { model, cuts, stopAt, stopHow } = all.get(head.split(" ")[1]!)!;
    const stops = stopAt < 100;
    const length = Math.floor((model.bytes.length * stopAt) / 100);
    await writeApart(socket, cutAt(model.bytes.subarray(0, length), cuts));
    if (stops && stopHow !== "silent") socket[stopHow]();
    else if (!stops && model.untilClose) socket.end();
  });
  const client = testClient();

  async function perform(play: Play, path: string): Promise<void> {
    const request = { method: play.model.method, url: server.url + path, headers: [], body: null };
    const pending = client.send(request, OPTIONS);
    void (async () => {
      for (let turn = 0; turn < play.abortAfterTurns; turn++) await new Promise(setImmediate);
      if (play.abortAfterTurns < 100) pending.abort();
    })();
    const answer = await pending.answer.catch(() => null);
    if (!answer) return;
    const chunks: Uint8Array[] = [];
    const ends: string[] = [];
    let isPaused = false;
    let calls = 0;
    await new Promise<void>((resolve) => {
      answer.read({
        onData: (chunk) => {
          expect([isPaused, ends]).toEqual([false, []]);
          chunks.push(chunk);
          calls++;
          if (calls === play.abortAt) answer.abort();
          if (calls !== play.pauseAt) return;
          isPaused = true;
          answer.pause();
          setTimeout(() => {
            isPaused = false;
            answer.resume();
          }, 5);
        },
        onEnd: () => {
          ends.push("end");
          resolve();
        },
        onError: () => {
          ends.push("error");
          resolve();
        },
      });
    });
    await new Promise(setImmediate);
    const body = Buffer.concat(chunks);
    expect(ends.length).toBe(1);
    expect(body.equals(play.model.body.subarray(0, body.length))).toBe(true);
    const isWhole = body.length === play.model.body.length;
    // A body that ends with the connection can be cut by FIN without anybody noticing: that is HTTP.
    if (ends[0] === "end" && !play.model.untilClose) expect(isWhole).toBe(true);
  }

  await fc.assert(
    fc.asyncProperty(fc.array(plays, { minLength: 5, maxLength: EXCHANGES_AT_ONCE }), async (some) => {
      await Promise.all(
        some.map((play) => {
          const path = `/${all.size}`;
          all.set(path, play);
          return perform(play, path);
        }),
      );
      await until(() => {
        const { openConnections, idleConnections } = client.stats();
        return openConnections === idleConnections && server.sockets.size === openConnections;
      });
    }),
    { numRuns: 20, endOnFailure: true },
  );
  client.close();
  await server.stop();
}, 60_000);
