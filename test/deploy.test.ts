import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createAdminClient } from "./support/admin-client.ts";
import { startFakeUpstream } from "./support/fake-upstream.ts";
import { chatStream } from "./support/openai-streams.ts";
import { executable, startProgram, temporaryFolder } from "./support/process.ts";
import { needsTool } from "./support/tools.ts";

const ROOT = resolve(import.meta.dir, "..");
const TLS = join(ROOT, "test/fixtures/tls");
const TOKEN = "test-admin-api-token";
const PASSWORD = "a good password";
const UNTIL_SERVING_MS = 10_000;
const read = (name: string) => readFileSync(join(ROOT, "deploy", name), "utf8");

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
function newFolder(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
}

async function run(...command: string[]) {
  const child = Bun.spawn(command, { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const texts = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, said: texts.join("") };
}

test("every example asks /health whether it serves", () => {
  const examples = readdirSync(join(ROOT, "deploy")).filter((name) => !name.endsWith(".json"));
  expect(examples.length).toBeGreaterThan(5);
  for (const name of examples) expect([name, read(name).includes("/health")]).toEqual([name, true]);
});

describe("what other programs read", () => {
  const scripts = Object.keys(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).scripts);
  const workflows = readdirSync(join(ROOT, ".github/workflows")).map((name) => `.github/workflows/${name}`);

  test("the workflows, the image and the documents run what there is", () => {
    const files = [
      ...workflows,
      ".ci/run",
      "deploy/Dockerfile",
      "README.md",
      "CONTRIBUTING.md",
      "docs/operating.md",
    ];
    for (const file of files) {
      const text = readFileSync(join(ROOT, file), "utf8");
      for (const [, name] of text.matchAll(/\bbun(?:@[\d.]+)? run ([\w:-]+)/g))
        expect([file, name, scripts.includes(name!)]).toEqual([file, name, true]);
      for (const [path] of text.matchAll(/\b(?:deploy|docs|bench)\/[\w./-]*\w/g))
        expect([file, path, existsSync(join(ROOT, path))]).toEqual([file, path, true]);
    }
  });

  test("each step of the workflows is an action of a fixed version, or a command", () => {
    for (const file of workflows) {
      const { jobs } = Bun.YAML.parse(readFileSync(join(ROOT, file), "utf8")) as Workflow;
      for (const { steps, "timeout-minutes": minutes } of Object.values(jobs)) {
        expect(minutes).toBeGreaterThan(0);
        for (const { uses, run } of steps)
          expect(uses ?? run).toMatch(uses === undefined ? /\S/ : /^[\w/-]+@v\d+$/);
      }
    }
  });

  test("compose and Kubernetes give it a volume, a probe and time to stop, and nothing that it does not need", () => {
    const compose = Bun.YAML.parse(read("compose.yaml")) as Compose;
    expect(compose.services["load-balancer"]).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      stop_grace_period: "45s",
      volumes: ["data:/data"],
      healthcheck: { test: ["CMD", "/load-balancer", "health"] },
    });
    const [set] = read("kubernetes.yaml")
      .split("\n---\n")
      .map((text) => Bun.YAML.parse(text)) as [StatefulSet];
    expect(set.spec.replicas).toBe(1);
    expect(set.spec.template.spec).toMatchObject({
      terminationGracePeriodSeconds: 45,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, fsGroup: 65_532 },
      containers: [
        {
          livenessProbe: { httpGet: { path: "/health", port: "http" } },
          securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
          volumeMounts: [{ mountPath: "/data" }, { mountPath: "/tmp" }],
        },
      ],
    });
  });
});

interface Workflow {
  jobs: Record<string, { "timeout-minutes": number; steps: { uses?: string; run?: string }[] }>;
}
interface Compose {
  services: Record<string, object>;
}
interface StatefulSet {
  spec: { replicas: number; template: { spec: object } };
}

describe("the systemd unit", () => {
  const systemd = needsTool("systemd-analyze", "systemd");

  systemd.test("is understood, and leaves little open", async () => {
    const path = join(newFolder(), "load-balancer.service");
    writeFileSync(path, read("load-balancer.service").replace("=/usr/local/bin/load-balancer", "=/bin/true"));
    expect(await run(systemd.path, "verify", path)).toEqual({ code: 0, said: "" });
    // At most 2.0 of 10.
    const { code, said } = await run(systemd.path, "security", "--offline=true", "--threshold=20", path);
    expect([code, said]).toEqual([0, expect.stringContaining(" OK ")]);
  });
});

describe("word to the service manager", () => {
  const notify = needsTool("systemd-notify", "systemd");
  const perl = needsTool("perl", "perl-base");
  // The runtime has no datagram sockets of the unix kind.
  const LISTEN =
    "use Socket; $| = 1; socket(S, PF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un($ARGV[0])) or die; " +
    'print "listening\\n"; while (1) { recv(S, $b, 4096, 0); print "$b\\n" }';

  const both = notify.path === "" ? notify : perl;
  both.test("says when it is ready, that it lives, and that it stops", async () => {
    const socket = join(newFolder(), "notify");
    const listener = Bun.spawn([perl.path, "-e", LISTEN, socket], { stdout: "pipe" });
    let heard = "";
    const reading = (async () => {
      const reader = listener.stdout.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        heard += new TextDecoder().decode(part.value);
      }
    })();
    const until = async (text: string) => {
      for (const end = Date.now() + UNTIL_SERVING_MS; !heard.includes(text); await Bun.sleep(10)) {
        if (Date.now() > end) throw new Error(`${text} was not heard:\n${heard}`);
      }
    };
    await until("listening");
    const program = await startProgram({ env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "300000" } });
    await until("READY=1");
    expect(heard).toContain(`STATUS=Load Balancer`);
    await until("WATCHDOG=1");
    expect(await program.stop()).toBe(0);
    await until("STOPPING=1");
    listener.kill();
    await reading;
  });
});

/** A stream through a proxy in front that is left after its first piece; answers the row of the log. */
async function leaveEarly(
  start: (target: string) => Promise<Front>,
  meanwhile?: (front: Front) => Promise<void>,
) {
  // Goes on for ever after the first pieces: what the proxy held back would never arrive.
  using upstream = startFakeUpstream({
    fallback: chatStream(["first", "second", "third"], { cut: { atByte: 700, by: "stall" } }),
  });
  await using program = await startProgram({
    env: { ADMIN_API_TOKEN: TOKEN, ADMIN_PASSWORD: PASSWORD, TRUSTED_PROXIES: "127.0.0.1" },
  });
  const admin = createAdminClient(program.url, TOKEN);
  await admin.setUp(upstream.url, ["sk-behind-proxy-1"]);
  await using front = await start(program.url);
  const answer = await front.ask("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": "203.0.113.7" },
    body: JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "hi" }] }),
  });
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  let got = "";
  while (!got.includes('"first"')) got += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  await meanwhile?.(front);
  const [row] = await admin.logs();
  return row;
}

describe("nginx in front", () => {
  const nginx = needsTool("nginx", "nginx-light");

  nginx.test("passes streams as they come, and who asks", async () => {
    const row = await leaveEarly(
      (target) => startNginx(nginx.path, target),
      async (front) => {
        const login = await front.ask("/login", {
          method: "POST",
          headers: { origin: front.url },
          body: new URLSearchParams({ password: PASSWORD }),
          redirect: "manual",
        });
        expect([login.status, login.headers.get("set-cookie")]).toEqual([
          303,
          expect.stringContaining("; Secure"),
        ]);
      },
    );
    expect(row).toMatchObject({ outcome: "client_closed", client_address: "203.0.113.7" });
  });
});

describe("Caddy in front", () => {
  const caddy = needsTool("caddy", "caddy");

  caddy.test("passes streams as they come, and who asks", async () => {
    const row = await leaveEarly((target) => startCaddy(caddy.path, target));
    // Caddy itself believes no header of somebody that it does not know.
    expect(row).toMatchObject({
      outcome: "client_closed",
      client_address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
    });
  });
});

describe("the image", () => {
  const unshare = needsTool("unshare", "util-linux");
  // What a container engine adds to an image: /proc and /dev, here for this process alone.
  const ENTER =
    "mkdir -p $0/proc $0/dev; mount --rbind /proc $0/proc && mount --rbind /dev $0/dev && " +
    'exec chroot --userspec=65532:65532 $0 /load-balancer "$@"';
  const mayChroot = process.getuid?.() === 0 && existsSync(executable[0] as string);

  (mayChroot ? unshare.test : test.skip)(
    "serves from its own few files, as a user without rights",
    async () => {
      const root = newFolder();
      chmodSync(root, 0o755);
      const steps = /RUN (mkdir -p \/image[\s\S]*?)\n\nFROM scratch/.exec(read("Dockerfile"))?.[1] ?? "";
      expect(steps).toContain("ldd");
      const script = steps.replaceAll("\\\n", " ").replaceAll("/image", root);
      expect(await run("sh", "-ec", script)).toEqual({ code: 0, said: "" });

      const files = readdirSync(root).filter((name) => name !== "lib64");
      expect(files.sort()).toEqual(["data", "etc", "lib", "load-balancer", "tmp"]);
      const inside = [unshare.path, "--mount", "sh", "-c", ENTER, root];
      await using program = await startProgram({
        command: [...inside, "serve"],
        env: { DATA_DIR: "/data", HOST: "127.0.0.1" },
        folder: root,
      });
      const { port } = new URL(program.url);
      const health = await run("env", `PORT=${port}`, ...inside, "health");
      expect(health).toEqual({ code: 0, said: "ok\n" });
      expect(await program.stop()).toBe(0);
    },
  );
});

interface Front extends AsyncDisposable {
  url: string;
  ask(path: string, init: RequestInit): Promise<Response>;
}

/** The example as it stands, with other ports and the test's certificate. */
async function startNginx(nginx: string, target: string): Promise<Front> {
  const folder = newFolder();
  const port = freePort();
  const example = read("nginx.conf")
    .replace("127.0.0.1:4270", new URL(target).host)
    .replace("listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`)
    .replace(/listen \[::\]:443 ssl;/, "")
    .replace(/ssl_certificate .*;/, `ssl_certificate ${TLS}/localhost.pem;`)
    .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${TLS}/localhost.key;`)
    .replace("proxy_set_header Host              $host;", "proxy_set_header Host $http_host;");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const paths = temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
  const path = join(folder, "nginx.conf");
  writeFileSync(
    path,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr warn;
     events {} http { access_log off; ${paths} ${example} }`,
  );
  expect((await run(nginx, "-t", "-c", path)).code).toBe(0);
  const child = Bun.spawn([nginx, "-c", path], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const url = `https://localhost:${port}`;
  const ca = readFileSync(join(TLS, "ca.pem"), "utf8");
  const ask = (to: string, init: RequestInit) => fetch(url + to, { ...init, tls: { ca } });
  await untilServing(() => ask("/health", {}));
  return {
    url,
    ask,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** The example as it stands, on another port and without TLS. */
async function startCaddy(caddy: string, target: string): Promise<Front> {
  const folder = newFolder();
  const url = `http://localhost:${freePort()}`;
  const example = read("Caddyfile")
    .replace("balancer.example.com {", `${url} {`)
    .replace("127.0.0.1:4270", new URL(target).host);
  const path = join(folder, "Caddyfile");
  writeFileSync(path, `{\n\tadmin off\n}\n${example}`);
  const child = Bun.spawn([caddy, "run", "--config", path, "--adapter", "caddyfile"], {
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  const ask = (to: string, init: RequestInit) => fetch(url + to, init);
  await untilServing(() => ask("/health", {}));
  return {
    url,
    ask,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

function freePort(): number {
  const free = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = free;
  free.stop(true);
  return port;
}

async function untilServing(ask: () => Promise<Response>): Promise<void> {
  const isUp = () =>
    ask().then(
      ({ ok }) => ok,
      () => false,
    );
  for (const end = Date.now() + UNTIL_SERVING_MS; !(await isUp()); await Bun.sleep(20)) {
    if (Date.now() > end) throw new Error("the proxy in front does not answer");
  }
}
