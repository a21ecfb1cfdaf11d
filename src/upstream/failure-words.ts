/** Error codes of names, sockets and TLS in words; `%` stands for the host with its port. */
const WORDS: Partial<Record<string, string>> = {
  ENOTFOUND: "the name of % was not found",
  EAI_AGAIN: "the name of % could not be looked up just now",
  ECONNREFUSED: "connection refused by %",
  EHOSTUNREACH: "% is unreachable",
  ENETUNREACH: "the network of % is unreachable",
  ETIMEDOUT: "% did not answer to the connection attempt",
  ECONNRESET: "% broke the connection off",
  EPIPE: "% broke the connection off",
  EMFILE: "this process has no file descriptor left to connect to %",
  EADDRNOTAVAIL: "this machine has no free port or fitting address left to connect to %",
  EPROTO: "% does not speak TLS as expected",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate of % is self-signed and not trusted",
  SELF_SIGNED_CERT_IN_CHAIN: "the certificate of % comes from an authority that is not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate of % comes from an authority that is not trusted",
  UNABLE_TO_GET_ISSUER_CERT: "the certificate of % comes from an authority that is not trusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the certificate of % comes from an authority that is not trusted",
  CERT_HAS_EXPIRED: "the certificate of % has expired",
  CERT_NOT_YET_VALID: "the certificate of % is not valid yet",
  CERT_REVOKED: "the certificate of % was revoked",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate of % is for another name",
};

/** What went wrong with a connection, as a clause for people: "connection refused by 127.0.0.1:9". */
export function failureWords(error: unknown, host: string): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const words = WORDS[code];
  if (words) return words.replace("%", host);
  const detail = code || (error instanceof Error ? error.message : String(error));
  return `no connection to ${host} (${detail})`;
}
