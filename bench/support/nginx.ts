import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../test/support/process.ts";

const START_LIMIT_MS = 5_000;

export interface Nginx extends AsyncDisposable {
  url: string;
  /** Of the one worker: the master does nothing. */
  workerPid: number;
}

/** Debian's nginx as a plain reverse proxy: one worker on that core, connections to the upstream kept, no log. */
export async function startNginx(path: string, upstreamUrl: string, core: number): Promise<Nginx> {
  const folder = temporaryFolder();
  const port = freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  for (const name of temporary) mkdirSync(join(folder, name));
  const file = join(folder, "nginx.conf");
  writeFileSync(file, configuration(folder, temporary, port, new URL(upstreamUrl).host));
  const child = Bun.spawn(["taskset", "-c", String(core), path, "-c", file, "-e", "stderr"], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
  });
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(url);
  return {
    url,
    workerPid: Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "latin1").trim()),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, temporary: string[], port: number, upstream: string): string {
  return `
    daemon off;
    worker_processes 1;
    pid ${folder}/pid;
    error_log stderr error;
    events { worker_connections 4096; }
    http {
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n")}
      access_log off;
      keepalive_requests 1000000000;
      upstream fake { server ${upstream}; keepalive 512; keepalive_requests 1000000000; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://fake;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
        }
      }
    }`;
}

/** nginx can't be told to take any free port. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

async function untilAnswers(url: string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline) {
    const answered = await fetch(url, { method: "POST", body: "{}" }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await Bun.sleep(20);
  }
  throw new Error(`nginx does not answer on ${url} within ${START_LIMIT_MS} ms`);
}
