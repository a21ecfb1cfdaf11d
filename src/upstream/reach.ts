import { type UpstreamClient, UpstreamFailure } from "./types.ts";

/**
 * Whether something at this URL speaks HTTP; no key is sent, and whatever it answers will do.
 * @returns the answer's status, or why none came.
 */
export async function reach(
  client: UpstreamClient,
  url: string,
  timeoutMs: number,
): Promise<{ status: number } | { problem: string }> {
  const { answer } = client.send(
    { method: "GET", url: `${url}/models`, headers: [["accept", "application/json"]], body: null },
    { connectTimeoutMs: timeoutMs, firstByteTimeoutMs: timeoutMs, idleTimeoutMs: timeoutMs },
  );
  try {
    const head = await answer;
    head.abort();
    return { status: head.status };
  } catch (error) {
    if (error instanceof UpstreamFailure) return { problem: error.message };
    throw error;
  }
}
