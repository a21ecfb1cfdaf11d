import net from "node:net";

export interface RawRequest {
  /** Request line and header lines, without the empty line. */
  head: string;
  body: Buffer;
  /** The client's port: the same one means the same connection. */
  port: number;
  /** Counts all requests from 0. */
  index: number;
}

/** What the server does with one request; it writes bytes, HTTP is the test's matter. */
export type RawAnswerer = (socket: net.Socket, request: RawRequest) => unknown;

export interface RawServer {
  url: string;
  port: number;
  requests: RawRequest[];
  /** Connections open now. */
  sockets: Set<net.Socket>;
  stop(): Promise<void>;
}

/** A listener on loopback that reads requests with a content-length and answers with chosen bytes. */
export async function rawServer(answer: RawAnswerer, host = "127.0.0.1", port = 0): Promise<RawServer> {
  const sockets = new Set<net.Socket>();
  const requests: RawRequest[] = [];
  const server = net.createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let pieces: Buffer[] = [];
    let length = 0;
    /** Of the request that is coming in; 0 while its head is not whole. */
    let needed = 0;
    socket.on("data", (data: Buffer) => {
      pieces.push(data);
      length += data.length;
      while (length > 0 && length >= needed) {
        const received = Buffer.concat(pieces);
        const headEnd = received.indexOf("\r\n\r\n");
        pieces = [received];
        if (headEnd < 0) return;
        const head = received.toString("latin1", 0, headEnd);
        needed = headEnd + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (length < needed) return;
        const body = received.subarray(headEnd + 4, needed);
        pieces = [received.subarray(needed)];
        length -= needed;
        needed = 0;
        const request = { head, body, port: socket.remotePort ?? 0, index: requests.length };
        requests.push(request);
        answer(socket, request);
      }
    });
  });
  await new Promise<void>((resolve, reject) => server.on("error", reject).listen(port, host, resolve));
  const bound = (server.address() as net.AddressInfo).port;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { url: `http://${host}:${bound}`, port: bound, requests, sockets, stop };
}

/** A whole answer with a content-length. */
export function plainAnswer(body: string, extraHeaders = ""): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${extraHeaders}\r\n${body}`;
}

/** Writes each piece on its own, with a turn of the loop between, so that they mostly arrive apart. */
export async function writeApart(socket: net.Socket, pieces: Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Cuts bytes at the given places, in any order, repeated or beyond the end. */
export function cutAt(bytes: Buffer, places: number[]): Buffer[] {
  const cuts = [...new Set(places.filter((place) => place > 0 && place < bytes.length))].sort(
    (a, b) => a - b,
  );
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
}

/** Resolves when `condition` holds, rejects after `ms`. */
export async function until(condition: () => boolean, ms = 5_000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${condition}`);
    await Bun.sleep(5);
  }
}
