import type { HeaderList, UpstreamClient } from "./types.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Posts something whose answer matters by its status alone.
 * @throws UpstreamFailure where none came, `forbidden_address` among the reasons.
 */
export async function postOnce(
  client: UpstreamClient,
  url: string,
  headers: HeaderList,
  body: Uint8Array,
): Promise<number> {
  const { answer } = client.send(
    { method: "POST", url, headers, body },
    {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      firstByteTimeoutMs: ANSWER_TIMEOUT_MS,
      idleTimeoutMs: ANSWER_TIMEOUT_MS,
      once: true,
    },
  );
  const head = await answer;
  head.abort();
  return head.status;
}
