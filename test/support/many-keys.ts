import { type AppOptions, startApp, type TestApp } from "./app.ts";

/** So many go in by one call. */
const AT_ONCE = 10_000;

/** The whole program with that many keys, `key-0` and so on, put in as a script would. */
export async function startWithKeys(count: number, options: AppOptions): Promise<TestApp> {
  const app = await startApp(options);
  for (let from = 0; from < count; from += AT_ONCE) {
    const keys = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => ({
      key: `sk-many-${String(from + at).padStart(9, "0")}`,
      name: `key-${from + at}`,
    }));
    const report = (await app.must("POST", "/keys/import", keys)) as { skipped: unknown[] };
    if (report.skipped.length > 0) throw new Error(`keys were skipped: ${JSON.stringify(report.skipped)}`);
  }
  return app;
}
