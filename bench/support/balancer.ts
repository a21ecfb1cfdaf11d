import { executable, type Program, startProgram } from "../../test/support/process.ts";

const TOKEN = "bench-admin-token";

export interface Balancer extends Program {
  /** Attempts that the keys were charged with so far, summed: proves that choice and counting were on. */
  countedAttempts(): Promise<number>;
}

/** dist/load-balancer on one core, set up through its public surface: an endpoint and so many keys. */
export async function startBalancer(upstreamUrl: string, keyCount: number, core: number): Promise<Balancer> {
  const env = { ADMIN_API_TOKEN: TOKEN, LOG_LEVEL: "warn" };
  const program = await startProgram({ command: [...executable, "serve"], env, cores: String(core) });
  const admin = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${program.url}/api/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  await admin("PATCH", "/settings", { api_endpoint: `${upstreamUrl}/v1` });
  for (let n = 1; n <= keyCount; n++)
    await admin("POST", "/keys", { secret: `sk-bench-${n}-0123456789abcdef` });
  const countedAttempts = async () => {
    const { data } = (await admin("GET", "/keys?limit=500")) as { data: { request_count: number }[] };
    return data.reduce((sum, key) => sum + key.request_count, 0);
  };
  return { ...program, countedAttempts };
}
