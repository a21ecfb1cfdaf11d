import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { StartError } from "./types.ts";

const SOON_DAYS = 14;
const DAY_MS = 86_400_000;

/** What the server shows, as PEM: its certificate with those of its issuers, and the certificate's key. */
export interface Tls {
  cert: string;
  key: string;
  /** Said in the log at the start: it ends soon, or has ended. Null: neither. */
  warning: string | null;
}

/**
 * Reads and checks both files. The runtime would take a key that fits no certificate, and every client would fail.
 * @param now epoch ms
 * @throws StartError that names the variable and what to do.
 */
export function loadTls(files: { cert: string; key: string }, now: number): Tls {
  const cert = readPem("TLS_CERT", files.cert);
  const key = readPem("TLS_KEY", files.key);
  const certificate = parsed("TLS_CERT", files.cert, "certificate", () => new X509Certificate(cert));
  const privateKey = parsed("TLS_KEY", files.key, "private key without passphrase", () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new StartError(
      `TLS_KEY: ${files.key} is not the key of the first certificate in ${files.cert}; give the pair, the server's own certificate first`,
    );
  }
  const daysLeft = Math.floor((Date.parse(certificate.validTo) - now) / DAY_MS);
  const ended = `The certificate in ${files.cert} has ended: clients will refuse it. Renew it and restart.`;
  const ends = `The certificate in ${files.cert} ends in ${daysLeft} days. Renew it and restart.`;
  return { cert, key, warning: daysLeft < 0 ? ended : daysLeft < SOON_DAYS ? ends : null };
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `${name}: ${path} cannot be read (${code}); give a PEM file that this user may read`,
    );
  }
}

/** Nothing of the file is in the message. */
function parsed<T>(name: string, path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new StartError(`${name}: ${path} holds no ${what}; give a PEM file`);
  }
}
