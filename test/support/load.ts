/** Runs `count` tasks, at most `atOnce` at a time. */
export async function inParallel(
  count: number,
  atOnce: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await task(index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Starts tasks at an even pace, whatever becomes of those before, until told to stop; then waits for all. */
export function atPace(perS: number, task: (index: number) => Promise<void>): () => Promise<void> {
  const running = new Set<Promise<void>>();
  const startedAt = performance.now();
  let started = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * perS);
    for (; started < due; started += 1) {
      const one = task(started).finally(() => running.delete(one));
      running.add(one);
    }
  }, 5);
  return async () => {
    clearInterval(timer);
    await Promise.all(running);
  };
}

/** What came of one chat request. */
export interface Answered {
  status: number;
  /** Upstream attempts; 0 where the connection itself failed. */
  attempts: number;
  /** How long it took, in ms. */
  ms: number;
  code: string | null;
}

export async function ask(url: string, body: Record<string, unknown> = {}): Promise<Answered> {
  const began = performance.now();
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hello" }], ...body }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    attempts: Number(answer.headers.get("x-lb-attempts")),
    ms: performance.now() - began,
    code: answer.status < 400 ? null : codeOf(text),
  };
}

function codeOf(text: string): string | null {
  try {
    return (JSON.parse(text) as { error?: { code?: string | null } }).error?.code ?? null;
  } catch {
    return null;
  }
}

/** How many of each, for a figure: `200 × 9,812, 503 × 3`. */
export function tally(values: Iterable<string | number>): string {
  const counts = new Map<string | number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Array.from(counts, ([value, count]) => `${value} × ${count}`).join(", ");
}
