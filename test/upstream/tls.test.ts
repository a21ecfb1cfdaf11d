import { afterEach, describe, expect, test } from "bun:test";
import net from "node:net";
import tls from "node:tls";
import { ask, failureOf, get, post, testClient } from "./asking.ts";
import { plainAnswer, until } from "./raw-server.ts";

const FIXTURES = `${import.meta.dir}/../fixtures/tls`;
const pem = (name: string) => Bun.file(`${FIXTURES}/${name}`).text();

interface TlsServer {
  port: number;
  /** Everything that clients said under TLS. */
  heard: string;
  names: unknown[];
  protocols: unknown[];
  ports: number[];
  server: tls.Server;
}

let running: { close(): void }[] = [];

afterEach(() => {
  for (const server of running) server.close();
  running = [];
});

async function serveTls(
  certificate: string,
  answer = plainAnswer("ok"),
  alpn?: string[],
): Promise<TlsServer> {
  const state: TlsServer = {
    port: 0,
    heard: "",
    names: [],
    protocols: [],
    ports: [],
    server: tls.createServer(),
  };
  state.server = tls.createServer(
    { key: await pem(`${certificate}.key`), cert: await pem(`${certificate}.pem`), ALPNProtocols: alpn },
    (socket) => {
      state.names.push((socket as { servername?: unknown }).servername);
      state.protocols.push(socket.alpnProtocol);
      socket.on("error", () => {});
      socket.on("data", (data: Buffer) => {
        state.heard += data.toString("latin1");
        state.ports.push(socket.remotePort ?? 0);
        if (state.heard.endsWith("\r\n\r\n")) socket.write(answer);
      });
    },
  );
  state.server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => state.server.listen(0, "127.0.0.1", resolve));
  state.port = (state.server.address() as net.AddressInfo).port;
  running.push(state.server);
  return state;
}

const toLoopback = async () => ["127.0.0.1"];

describe("a certificate that is in order", () => {
  test("is accepted with its authority given; the name goes out as SNI, ALPN is http/1.1, reuse works", async () => {
    const server = await serveTls("localhost", plainAnswer("ok"), ["h2", "http/1.1"]);
    const client = testClient({ ca: await pem("ca.pem"), lookup: toLoopback });
    for (let index = 0; index < 3; index++) {
      const answer = await ask(client, get(`https://localhost:${server.port}/`));
      expect([answer.status, answer.body.toString(), answer.failure]).toEqual([200, "ok", null]);
    }
    expect(server.heard).toContain(`host: localhost:${server.port}\r\n`);
    expect([server.names, server.protocols]).toEqual([["localhost"], ["http/1.1"]]);
    expect(new Set(server.ports).size).toBe(1);
    client.close();
  });

  test("is accepted for an address that it names", async () => {
    const server = await serveTls("localhost");
    const client = testClient({ ca: await pem("ca.pem") });
    expect((await ask(client, get(`https://127.0.0.1:${server.port}/`))).status).toBe(200);
    client.close();
  });

  test("carries large bodies both ways", async () => {
    const body = Buffer.alloc(5_000_000, "0123456789abcdef");
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { key: await pem("localhost.key"), cert: await pem("localhost.pem") },
      fetch: async (request) => new Response(await request.arrayBuffer()),
    });
    const client = testClient({ ca: await pem("ca.pem"), lookup: toLoopback });
    const answer = await ask(client, post(`https://localhost:${server.port}/`, body));
    expect(answer.body.equals(body)).toBe(true);
    client.close();
    await server.stop(true);
  });

  test("self-signed is accepted where it is itself given as an authority", async () => {
    const server = await serveTls("self-signed");
    const client = testClient({ ca: await pem("self-signed.pem"), lookup: toLoopback });
    expect((await ask(client, get(`https://localhost:${server.port}/`))).status).toBe(200);
    client.close();
  });
});

describe("a certificate that is not in order: refused in words, before a byte of the request", () => {
  const cases: [name: string, certificate: string, host: string, ca: string | null, words: RegExp][] = [
    ["self-signed", "self-signed", "localhost", null, /is self-signed and not trusted$/],
    ["an unknown authority", "localhost", "localhost", null, /an authority that is not trusted$/],
    [
      "signed by another authority",
      "localhost",
      "localhost",
      "self-signed.pem",
      /authority that is not trusted$/,
    ],
    ["for another name", "other", "localhost", "ca.pem", /is for another name$/],
    ["for no such address", "other", "127.0.0.1", "ca.pem", /is for another name$/],
    ["right name, asked by another", "localhost", "other.test", "ca.pem", /is for another name$/],
    ["expired", "expired", "localhost", "ca.pem", /has expired$|is not valid yet$/],
  ];
  test.each(cases)("%s", async (_name, certificate, host, ca, words) => {
    const server = await serveTls(certificate);
    const client = testClient({ ...(ca ? { ca: await pem(ca) } : {}), lookup: toLoopback });
    const failure = await failureOf(ask(client, post(`https://${host}:${server.port}/`, "secret")));
    expect([failure.kind, failure.sent]).toEqual(["connect_failed", false]);
    expect(failure.message).toMatch(words);
    expect(failure.message).toContain(`${host}:${server.port}`);
    await until(() => client.stats().openConnections === 0);
    expect(server.heard).toBe("");
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing", async () => {
    const server = await serveTls("self-signed");
    const script = `
      import { systemClock } from "./src/clock.ts";
      import { createUpstreamClient } from "./src/upstream/client.ts";
      const client = createUpstreamClient({ clock: systemClock });
      const options = { connectTimeoutMs: 5000, firstByteTimeoutMs: 5000, idleTimeoutMs: 5000 };
      const request = { method: "GET", url: "https://127.0.0.1:${server.port}/", headers: [], body: null };
      client.send(request, options).answer.then(() => console.log("accepted"), (failure) => console.log(failure.message));`;
    const child = Bun.spawn([process.execPath, "-e", script], {
      cwd: `${import.meta.dir}/../..`,
      env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      stderr: "ignore",
      timeout: 8_000,
    });
    expect(await new Response(child.stdout).text()).toContain("is self-signed and not trusted");
    expect(server.heard).toBe("");
  });
});

describe("a host without proper TLS", () => {
  test("that speaks plain HTTP is refused in words", async () => {
    const plain = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    running.push(plain);
    const { port } = plain.address() as net.AddressInfo;
    const failure = await failureOf(ask(testClient(), get(`https://127.0.0.1:${port}/`)));
    expect(failure.message).toBe(`127.0.0.1:${port} does not speak TLS as expected`);
    expect([failure.kind, failure.sent]).toEqual(["connect_failed", false]);
  });

  test.each(["end", "resetAndDestroy"] as const)("that hangs up in the handshake (%s)", async (how) => {
    const rude = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket[how]());
    });
    await new Promise<void>((resolve) => rude.listen(0, "127.0.0.1", resolve));
    running.push(rude);
    const { port } = rude.address() as net.AddressInfo;
    const failure = await failureOf(ask(testClient(), get(`https://127.0.0.1:${port}/`)));
    expect([failure.kind, failure.sent]).toEqual(["connect_failed", false]);
    expect(failure.message).toContain(`127.0.0.1:${port}`);
  });
});
