import net from "node:net";

export interface TestProxy extends Disposable {
  url: string;
  /** The first line of each request, and the credentials that came with it. */
  asked: { line: string; authorization: string | null }[];
  /** How many clients are connected. */
  clients(): number;
}

/** An HTTP proxy that leads every name to this machine. `answer`: what it says instead of opening a tunnel. */
export async function startForwardProxy(options: { answer?: string } = {}): Promise<TestProxy> {
  const asked: TestProxy["asked"] = [];
  const sockets = new Set<net.Socket>();
  let clients = 0;
  const server = net.createServer((client) => {
    clients += 1;
    client.on("close", () => {
      clients -= 1;
    });
    sockets.add(client);
    client.on("error", () => {});
    client.once("data", (head: Buffer) => {
      const [line = "", ...headers] = head.toString("latin1").split("\r\n");
      const found = headers.find((header) => header.startsWith("proxy-authorization: "));
      asked.push({ line, authorization: found?.slice("proxy-authorization: ".length) ?? null });
      if (options.answer !== undefined) {
        client.write(options.answer);
        return;
      }
      const port = Number(/:(\d+) HTTP/.exec(line)?.[1]);
      const host = net.connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\nx-proxy: test\r\n\r\n");
        client.pipe(host).pipe(client);
      });
      sockets.add(host);
      host.on("error", () => client.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    asked,
    clients: () => clients,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
