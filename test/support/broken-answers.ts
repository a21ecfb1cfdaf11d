import type { Ending, Piece } from "./answers.ts";
import { endBy, head, toBytes } from "./answers.ts";
import type { Answer, Call } from "./call.ts";

const ENDLESS_PIECE_BYTES = 64 * 1024;
const MAX_ENDLESS_BYTES = 2 ** 30;

type Place = "before_head" | "mid_head" | "mid_body";
const PIECES_UNTIL: Record<Place, Piece[]> = {
  before_head: [],
  mid_head: ["HTTP/1.1 200 OK\r\ncontent-type: application/j"],
  mid_body: [
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"id":"chatcmpl-',
  ],
};

/** The connection breaks off (RST) at that place. */
export function reset(place: Place): Answer {
  return raw(PIECES_UNTIL[place], { by: "reset" });
}

/** The connection ends (FIN) at that place. */
export function fin(place: Place): Answer {
  return raw(PIECES_UNTIL[place], { by: "fin" });
}

/** Nothing more comes from that place on, and the connection stays. */
export function never(place: Place = "before_head"): Answer {
  return raw(PIECES_UNTIL[place], { by: "stall" });
}

/**
 * Exactly these bytes, head included. `by: "keep"` leaves the connection to the next request. `call.sentBody` holds
 * what follows the head, as it stood on the wire.
 */
export function raw(pieces: Piece[], { delayMs = 0, by = "fin" as Ending | "keep" } = {}): Answer {
  return {
    play: async (wire, call) => {
      const note = rawRecorder(call);
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) await wire.sleep(delayMs);
        note(toBytes(piece));
        await wire.write(piece);
      }
      if (by !== "keep") await endBy(by, wire);
    },
  };
}

/** An error whose body has no end (1 GiB at most): as fast as the reader takes it, or a byte each `trickleMs`. */
export function endlessError({ code = 500, trickleMs = 0 } = {}): Answer {
  return {
    play: async (wire, call) => {
      call.status = code;
      await wire.write(head(code, { "content-type": "application/json" }, call, "close"));
      const piece = Buffer.alloc(trickleMs > 0 ? 1 : ENDLESS_PIECE_BYTES, " ");
      for (let sent = 0; sent < MAX_ENDLESS_BYTES; sent += piece.length) {
        call.sentBody.add(piece);
        await wire.write(piece);
        if (trickleMs > 0) await wire.sleep(trickleMs);
      }
      wire.fin();
    },
  };
}

/** Finds status and body in bytes that may be cut anywhere and may begin with 1xx answers. */
function rawRecorder(call: Call): (bytes: Uint8Array) => void {
  let held = Buffer.alloc(0);
  return (bytes) => {
    if (call.status !== null) {
      call.sentBody.add(bytes);
      return;
    }
    held = Buffer.concat([held, bytes]);
    for (let end = held.indexOf("\r\n\r\n"); end >= 0; end = held.indexOf("\r\n\r\n")) {
      const code = Number(held.toString("latin1", 9, 12));
      held = held.subarray(end + 4);
      if (code < 200) continue;
      call.status = code;
      if (held.length > 0) call.sentBody.add(held);
      return;
    }
  };
}
