const TIMEOUT_MS = 5_000;

/**
 * Asks the server of this very machine whether it serves. Its certificate is made for another name, so it is not checked.
 * @returns null where all is well, otherwise what is wrong.
 */
export async function askOwnHealth(url: string, socket: string | null = null): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/health`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: "manual",
      tls: { rejectUnauthorized: false },
      ...(socket !== null && { unix: socket }),
    });
    return answer.status === 200 ? null : `${url}/health answered ${answer.status}`;
  } catch (error) {
    const { code, name } = error as { code?: string; name: string };
    return `${url}/health did not answer (${code ?? name})`;
  }
}

/** Whether a program listens on a unix socket. */
export async function isListening(path: string): Promise<boolean> {
  try {
    const connection = await Bun.connect({ unix: path, socket: { data() {} } });
    connection.end();
    return true;
  } catch {
    return false;
  }
}
