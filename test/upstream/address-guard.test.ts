import { describe, expect, test } from "bun:test";
import { checkAddress, checkBaseUrl, isAddress } from "../../src/upstream/address-guard.ts";
import { ask, failureOf, get, testClient } from "./asking.ts";

const ALLOWED = [
  "https://api.openai.com/v1",
  "https://generativelanguage.googleapis.com/v1beta/openai",
  "http://localhost:11434/v1",
  "http://127.0.0.1:8000/v1",
  "http://[::1]:8000",
  "http://0.0.0.0:1",
  "http://10.0.0.5/v1",
  "http://172.16.3.4",
  "http://192.168.1.1:8080/v1/",
  "http://[fd12:3456::1]/v1",
  "http://169.253.255.255",
  "http://169.255.0.0",
  "http://[fe7f::1]",
  "http://[fec0::1]",
  "http://100.100.100.201",
  "https://metadata.example.com/v1",
  "http://vllm:8000/v1",
  "http://constructor/v1",
  "http://[2001:4860:4860::8888]/",
];

const FORBIDDEN = [
  "http://169.254.169.254/latest",
  "http://169.254.0.0",
  "http://169.254.255.255:8080/v1",
  "http://169.254.170.2/v2/credentials",
  "http://169.254.169.254./",
  "http://2852039166/",
  "http://0xA9FEA9FE/",
  "http://0xa9.0xfe.0xa9.0xfe/",
  "http://0251.0376.0251.0376/",
  "http://169.254.43518/",
  "http://169.16689662/",
  "http://%31%36%39.254.169.254/",
  "http://\u2460\u2465\u2468.254.169.254/",
  "http://[::ffff:169.254.169.254]/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://[0:0:0:0:0:FFFF:A9FE:A9FE]/",
  "http://[::169.254.169.254]/",
  "http://[64:ff9b::169.254.169.254]/",
  "http://[64:ff9b::a9fe:a9fe]/",
  "http://[::ffff:0:169.254.169.254]/",
  "http://[2002:a9fe:a9fe::1]/",
  "http://[fe80::1]/",
  "http://[febf:ffff::1]/",
  "http://[fd00:ec2::254]/",
  "http://[FD00:0EC2:0:0:0:0:0:254]/",
  "http://[fd00:ec2::23]/",
  "http://[fd20:ce::254]/",
  "http://100.100.100.200/latest/meta-data",
  "http://[::ffff:100.100.100.200]/",
  "http://168.63.129.16/",
  "http://192.0.0.192/",
  "http://metadata.google.internal/computeMetadata/v1",
  "http://METADATA.Google.Internal./",
  "http://metadata/",
  "http://metadata.goog/",
  "http://instance-data/",
  "http://instance-data.ec2.internal/",
  "http://metadata.azure.internal/",
  "http://metadata.tencentyun.com/",
];

const NO_BASE_URL: [url: string, reason: RegExp][] = [
  ["", /not a URL/],
  ["api.openai.com/v1", /not a URL/],
  ["ftp://example.com", /https:/],
  ["file:///etc/passwd", /https:/],
  ["javascript:alert(1)", /https:/],
  ["https://user@example.com", /credentials/],
  ["https://user:pass@example.com", /credentials/],
  ["https://:pass@example.com", /credentials/],
  ["https://example.com/?key=1", /query/],
  ["https://example.com/?", /query/],
  ["https://example.com/#a", /fragment/],
  ["https://example.com/#", /fragment/],
  ["https://exa mple.com", /spaces/],
  [" https://example.com", /spaces/],
  ["https://example.com\n", /spaces/],
  ["https://1.2.3.4.5/", /not a URL/],
  ["https://[fe80::1%25eth0]/", /not a URL/],
  ["http://user@169.254.169.254", /credentials/],
];

describe("base URLs", () => {
  test.each(ALLOWED)("allowed: %s", (url) => expect(checkBaseUrl(url)).toBeNull());
  test.each(FORBIDDEN)("forbidden: %s", (url) =>
    expect(checkBaseUrl(url)).toMatch(/ (link-local|metadata service).*\. Keys are never sent there\.$/),
  );
  test.each(NO_BASE_URL)("refused: %p", (url, reason) => expect(checkBaseUrl(url)).toMatch(reason));
});

describe("addresses as a resolver gives them", () => {
  test.each(["127.0.0.1", "::1", "10.1.2.3", "fd12::1", "8.8.8.8", "::ffff:8.8.8.8", "0.0.0.0"])(
    "may: %s",
    (address) => expect(checkAddress(address)).toBeNull(),
  );
  test.each([
    "169.254.169.254",
    "fe80::1%eth0",
    "fe80::1",
    "::ffff:169.254.1.1",
    "fd00:ec2::254",
    "100.100.100.200",
  ])("may not: %s", (address) => expect(checkAddress(address)).toMatch(/^is /));
  test.each([
    "",
    "1.2.3",
    "256.1.1.1",
    "1:2:3:4:5:6:7",
    "1::2::3",
    "::1:2:3:4:5:6:7:8",
    "g::1",
    "[::1]",
    "::1.2.3.256",
  ])("no address: %p", (address) => {
    expect(isAddress(address)).toBe(false);
    expect(checkAddress(address)).not.toBeNull();
  });
});

describe("the client", () => {
  const client = testClient({ lookup: async () => ["127.0.0.1", "169.254.169.254"] });
  const never = [
    "http://169.254.169.254/",
    "http://2852039166/",
    "http://[::ffff:169.254.169.254]/",
    "http://metadata.google.internal/",
    "https://metadata.google.internal./x",
    "http://rebound.test/",
    "https://user:secret@example.com/",
    "http://127.0.0.1\\@169.254.169.254/",
    "http://127.0.0.1?@169.254.169.254/",
    "http://127.0.0.1#@169.254.169.254/",
    "gopher://127.0.0.1/",
    "/relative",
    "http://",
    "",
  ];
  test.each(never)("opens nothing to %p", async (url) => {
    const failure = await failureOf(ask(client, get(url)));
    expect([failure.kind, failure.sent]).toEqual(["forbidden_address", false]);
    expect(failure.message).not.toContain("secret");
    expect(client.stats().openConnections).toBe(0);
  });
});
