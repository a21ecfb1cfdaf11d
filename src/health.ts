import { Elysia } from "elysia";

export interface HealthDeps {
  version: string;
  uptimeS(): number;
  isDraining(): boolean;
  hasUsableKey(): boolean;
  /** Rejects where the database cannot be written. */
  checkStorage(): Promise<void>;
}

const headers = { "cache-control": "no-store" };

/** `/health`: the process serves. `/ready`: it can also do its work. Neither needs a login, neither tells names. */
export function createHealthRoutes(deps: HealthDeps) {
  const health = () =>
    Response.json({ status: "ok", version: deps.version, uptime_s: deps.uptimeS() }, { headers });
  return new Elysia({ name: "health" })
    .get("/health", health)
    .get("/api/health", health)
    .get("/ready", async () => {
      const reason = await reasonNotReady(deps);
      if (reason === null) return Response.json({ status: "ready" }, { headers });
      return Response.json({ status: "not_ready", reason }, { status: 503, headers });
    });
}

async function reasonNotReady(deps: HealthDeps): Promise<string | null> {
  if (deps.isDraining()) return "draining";
  if (!deps.hasUsableKey()) return "no_usable_key";
  try {
    await deps.checkStorage();
    return null;
  } catch {
    return "storage_unavailable";
  }
}
