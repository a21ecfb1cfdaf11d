/** A key as the admin API shows it; only what tests look at. */
export interface KeyJson {
  id: string;
  name: string;
  status: string;
  status_reason: string | null;
  cooldown_until: string | null;
  cooldowns: { model: string | null; until: string; reason: string }[];
  in_flight: number;
  request_count: number;
  success_count: number;
  failure_count: number;
  input_tokens: number;
  output_tokens: number;
  daily_used: number;
  strikes: number;
}

export interface LogRow {
  id: string;
  status: number;
  outcome: string;
  model: string | null;
  stream: boolean;
  error: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  response_bytes: number;
  request_bytes: number;
  duration_ms: number;
  ttft_ms: number | null;
  attempts: { key_id: string; outcome: string; status: number | null; error: string | null }[];
}

/** The recorder writes every 250 ms. */
const UNTIL_WRITTEN_MS = 400;

/** The admin API with its token, as a script would use it. */
export interface AdminClient {
  api(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }>;
  /** The same, but anything other than 2xx throws. */
  must(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Points the program at this upstream and gives it these keys, each named as its secret. */
  setUp(upstream: string, keys: string[], settings?: Record<string, unknown>): Promise<void>;
  keys(): Promise<KeyJson[]>;
  /** Waits until the recorder has written, then the newest rows first. */
  logs(kind?: "request" | "error"): Promise<LogRow[]>;
}

export function createAdminClient(url: string, token: string): AdminClient {
  const api: AdminClient["api"] = async (method, path, body) => {
    const answer = await fetch(`${url}/api/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      // A cleanup of millions of rows takes longer than the 5 minutes of a fetch.
      timeout: false,
    } as RequestInit);
    const text = await answer.text();
    return { status: answer.status, json: text === "" ? null : JSON.parse(text) };
  };
  const must: AdminClient["must"] = async (method, path, body) => {
    const { status, json } = await api(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`);
    return json;
  };
  const rows = async <Row>(path: string) => ((await must("GET", path)) as { data: Row[] }).data;
  return {
    api,
    must,
    async setUp(upstream, keys, settings = {}) {
      await must("PATCH", "/settings", { api_endpoint: upstream, ...settings });
      if (keys.length === 0) return;
      const imported = keys.map((secret) => ({ key: secret, name: secret }));
      const report = (await must("POST", "/keys/import", imported)) as { skipped: unknown[] };
      if (report.skipped.length > 0) throw new Error(`keys were skipped: ${JSON.stringify(report.skipped)}`);
    },
    keys: () => rows<KeyJson>("/keys?limit=500"),
    async logs(kind = "request") {
      await Bun.sleep(UNTIL_WRITTEN_MS);
      return rows<LogRow>(`/logs?kind=${kind}&limit=500`);
    },
  };
}
