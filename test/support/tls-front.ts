import type { Socket } from "bun";

interface Side {
  other: Socket<Side> | null;
  waiting: Uint8Array[];
}

/** TLS in front of a plain port of this machine, for clients that speak nothing else. */
export function startTlsFront(port: number, cert: string, key: string): Disposable & { url: string } {
  const pass = (socket: Socket<Side>, bytes: Uint8Array) => {
    if (socket.data.other === null) socket.data.waiting.push(bytes.slice());
    else socket.data.other.write(bytes);
  };
  const end = (socket: Socket<Side>): void => {
    socket.data.other?.end();
  };
  const server = Bun.listen<Side>({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert, key },
    socket: {
      open: (socket) => {
        socket.data = { other: null, waiting: [] };
        void Bun.connect<Side>({
          hostname: "127.0.0.1",
          port,
          data: { other: socket, waiting: [] },
          socket: {
            open: (upstream) => {
              for (const bytes of socket.data.waiting.splice(0)) upstream.write(bytes);
              socket.data.other = upstream;
            },
            data: pass,
            close: end,
          },
        });
      },
      data: pass,
      close: end,
    },
  });
  return { url: `https://localhost:${server.port}`, [Symbol.dispose]: () => server.stop(true) };
}
