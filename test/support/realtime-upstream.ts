import type { IncomingMessage } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";

export interface RealtimeCall {
  url: string;
  headers: IncomingMessage["headers"];
  secret: string;
  socket: WebSocket;
}

export interface RealtimeUpstream extends Disposable {
  url: string;
  /** Sessions that were accepted, in order. */
  sessions: RealtimeCall[];
  /** The key of each handshake, accepted or not. */
  asked: string[];
}

export interface RealtimeOptions {
  /** Keys whose handshake is refused, and with which status. */
  refused?: Record<string, number>;
  onSession(call: RealtimeCall): void;
}

/** A provider's realtime endpoint: the `ws` package's server on a loopback port. */
export async function startRealtimeUpstream(options: RealtimeOptions): Promise<RealtimeUpstream> {
  const sessions: RealtimeCall[] = [];
  const asked: string[] = [];
  const secretOf = (request: IncomingMessage) => (request.headers.authorization ?? "").replace("Bearer ", "");
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    maxPayload: 64 * 1024 * 1024,
    handleProtocols: (protocols) => (protocols.has("realtime") ? "realtime" : false),
    verifyClient: ({ req }, done) => {
      const secret = secretOf(req);
      asked.push(secret);
      const status = options.refused?.[secret];
      if (status === undefined) done(true);
      else done(false, status, "refused", { "retry-after": "30" });
    },
  });
  server.on("connection", (socket: WebSocket, request: IncomingMessage) => {
    const call = { url: request.url ?? "", headers: request.headers, secret: secretOf(request), socket };
    sessions.push(call);
    options.onSession(call);
  });
  await new Promise<void>((resolve) => server.once("listening", () => resolve()));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    sessions,
    asked,
    [Symbol.dispose]() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}
