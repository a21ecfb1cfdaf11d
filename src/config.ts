import { readFileSync } from "node:fs";
import { BlockList, isIP, isIPv4 } from "node:net";
import { join, resolve } from "node:path";
import {
  type AddressSet,
  BOOLEAN_FORM,
  OTEL_SAMPLERS,
  type OtelSampler,
  PAIRS_FORM,
  type Pairs,
  readBoolean,
  readHost,
  readNetworks,
  readPairs,
  readPath,
  readToken,
  readUrl,
  readWhole,
  TOKEN_FORM,
  URL_FORM,
} from "./config-forms.ts";
import { parseEnvFile } from "./env-file.ts";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "./log.ts";
import { StartError } from "./types.ts";

/** In the data folder: the password made at the first start, where no terminal could show it. */
export const FIRST_PASSWORD_FILE = "initial-password";

/** What the process or the `.env` file says, by variable name. */
export type Environment = Record<string, string | undefined>;

interface Variable<T> {
  name: string;
  fallback: T;
  /** The default as people read it; empty where there is none. */
  shownDefault: string;
  /** The allowed form, as an order: "give …". */
  form: string;
  help: string;
  /** Its value appears in no message. */
  secret?: true;
  /** The value of a text that is not empty; `undefined` where the form is broken. */
  read(text: string): T | undefined;
}

/** By custom these are known in lower case too. */
const PROXY_VARIABLES = new Set(["HTTPS_PROXY", "NO_PROXY"]);
const MIN_PASSWORD_CHARACTERS = 8;

const variable = <T>(row: Variable<T>): Variable<T> => row;

/** Every variable that the program reads. README's table and `.env.example` are checked against it. */
const variables = {
  port: variable<number>({
    name: "PORT",
    fallback: 4270,
    shownDefault: "4270",
    form: "give a whole number from 0 to 65535",
    help: "Port to listen on; 0 picks a free one and prints it.",
    read: (text) => readWhole(text, 65_535),
  }),
  host: variable<string>({
    name: "HOST",
    fallback: "127.0.0.1",
    shownDefault: "127.0.0.1",
    form: "give an IP address of this machine or a host name, without a port, or unix:/PATH",
    help: "Address to listen on; 0.0.0.0 serves other machines, unix:/PATH a proxy beside it.",
    read: readHost,
  }),
  dataDir: variable<string>({
    name: "DATA_DIR",
    fallback: "data",
    shownDefault: "./data",
    form: "give the path of a folder",
    help: "Folder of the database and the secret key; made with mode 0700 where it is missing.",
    read: (text) => (text.includes("\0") ? undefined : text),
  }),
  adminPassword: variable<string | undefined>({
    name: "ADMIN_PASSWORD",
    fallback: undefined,
    shownDefault: "made at the first start",
    form: `give at least ${MIN_PASSWORD_CHARACTERS} characters`,
    help: "Password of the admin pages; while it is set it wins over the stored one.",
    secret: true,
    read: (text) => ([...text].length >= MIN_PASSWORD_CHARACTERS ? text : undefined),
  }),
  requireAdminLogin: variable<boolean>({
    name: "REQUIRE_ADMIN_LOGIN",
    fallback: true,
    shownDefault: "true",
    form: BOOLEAN_FORM,
    help: "false opens the admin pages to everyone who reaches the port.",
    read: readBoolean,
  }),
  adminApiToken: variable<string | undefined>({
    name: "ADMIN_API_TOKEN",
    fallback: undefined,
    shownDefault: "",
    form: TOKEN_FORM,
    help: "Bearer token of scripts for /api/admin.",
    secret: true,
    read: readToken,
  }),
  masterApiKey: variable<string | undefined>({
    name: "MASTER_API_KEY",
    fallback: undefined,
    shownDefault: "",
    form: TOKEN_FORM,
    help: "Key that clients must send; without it the proxy is open to this machine.",
    secret: true,
    read: readToken,
  }),
  allowOpenProxy: variable<boolean>({
    name: "ALLOW_OPEN_PROXY",
    fallback: false,
    shownDefault: "false",
    form: BOOLEAN_FORM,
    help: "true lets a HOST that other machines reach serve without MASTER_API_KEY.",
    read: readBoolean,
  }),
  encryptionKey: variable<string | undefined>({
    name: "ENCRYPTION_KEY",
    fallback: undefined,
    shownDefault: "DATA_DIR/secret.key",
    form: "give 32 bytes in base64, as `openssl rand -base64 32` prints them",
    help: "Secret key under which upstream keys are stored; without it the file secret.key is made and used.",
    secret: true,
    read: (text) => (/^[A-Za-z0-9+/_-]{43}=?$/.test(text.trim()) ? text.trim() : undefined),
  }),
  metricsToken: variable<string | undefined>({
    name: "METRICS_TOKEN",
    fallback: undefined,
    shownDefault: "",
    form: TOKEN_FORM,
    help: "Bearer token with which a scraper reads /metrics.",
    secret: true,
    read: readToken,
  }),
  trustedProxies: variable<AddressSet>({
    name: "TRUSTED_PROXIES",
    fallback: { has: () => false },
    shownDefault: "",
    form: "give addresses or networks with commas between them, such as 10.0.0.0/8,fd00::/8",
    help: "Proxies in front whose x-forwarded-for is believed.",
    read: readNetworks,
  }),
  tlsCert: variable<string | undefined>({
    name: "TLS_CERT",
    fallback: undefined,
    shownDefault: "",
    form: "give the path of a PEM file",
    help: "File of the certificate, with those of its issuers after it: the server speaks TLS then.",
    secret: true,
    read: readPath,
  }),
  tlsKey: variable<string | undefined>({
    name: "TLS_KEY",
    fallback: undefined,
    shownDefault: "",
    form: "give the path of a PEM file",
    help: "File of the certificate's private key, without passphrase.",
    secret: true,
    read: readPath,
  }),
  httpsProxy: variable<URL | null>({
    name: "HTTPS_PROXY",
    fallback: null,
    shownDefault: "",
    form: "give http://host:port, with user:password@ where it wants that (neither SOCKS nor TLS to the proxy)",
    help: "HTTP proxy by which https upstreams are reached; https_proxy does as well.",
    secret: true,
    read: (text) => {
      const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
      return url?.protocol === "http:" && url.hostname !== "" ? url : undefined;
    },
  }),
  noProxy: variable<readonly string[]>({
    name: "NO_PROXY",
    fallback: [],
    shownDefault: "",
    form: "give names or addresses with commas between them, or *",
    help: "Hosts that are reached without HTTPS_PROXY, with all names below them; this machine always is.",
    read: (text) => text.split(/[\s,]+/).filter((name) => name !== ""),
  }),
  logLevel: variable<LogLevel>({
    name: "LOG_LEVEL",
    fallback: "info",
    shownDefault: "info",
    form: `give one of ${LOG_LEVELS.join(", ")}`,
    help: "Least severe level that the program's own log shows.",
    read: (text) => LOG_LEVELS.find((level) => level === text.toLowerCase()),
  }),
  logFormat: variable<LogFormat | undefined>({
    name: "LOG_FORMAT",
    fallback: undefined,
    shownDefault: "pretty on a terminal, else json",
    form: `give one of ${LOG_FORMATS.join(", ")}`,
    help: "Form of the program's own log, which goes to stderr.",
    read: (text) => LOG_FORMATS.find((format) => format === text.toLowerCase()),
  }),
  drainTimeoutS: variable<number>({
    name: "DRAIN_TIMEOUT_S",
    fallback: 30,
    shownDefault: "30",
    form: "give whole seconds from 0 to 3600",
    help: "How long SIGTERM waits for running requests, in seconds.",
    read: (text) => readWhole(text, 3600),
  }),
  otelEndpoint: variable<string | undefined>({
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    fallback: undefined,
    shownDefault: "",
    form: URL_FORM,
    help: "OpenTelemetry collector (OTLP over HTTP); traces go to /v1/traces below it. Switches tracing on.",
    read: readUrl,
  }),
  otelTracesEndpoint: variable<string | undefined>({
    name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    fallback: undefined,
    shownDefault: "",
    form: URL_FORM,
    help: "The same as a whole address, for traces alone.",
    read: readUrl,
  }),
  otelHeaders: variable<Pairs>({
    name: "OTEL_EXPORTER_OTLP_HEADERS",
    fallback: [],
    shownDefault: "",
    form: PAIRS_FORM,
    help: "Headers for the collector, such as its token.",
    secret: true,
    read: readPairs,
  }),
  otelServiceName: variable<string>({
    name: "OTEL_SERVICE_NAME",
    fallback: "load-balancer",
    shownDefault: "load-balancer",
    form: "give a name",
    help: "What this program is called in traces.",
    read: (text) => text.trim() || undefined,
  }),
  otelResourceAttributes: variable<Pairs>({
    name: "OTEL_RESOURCE_ATTRIBUTES",
    fallback: [],
    shownDefault: "",
    form: PAIRS_FORM,
    help: "Further facts for each trace, such as deployment.environment.name=production.",
    read: readPairs,
  }),
  otelSampler: variable<OtelSampler>({
    name: "OTEL_TRACES_SAMPLER",
    fallback: "parentbased_always_on",
    shownDefault: "parentbased_always_on",
    form: `give one of ${OTEL_SAMPLERS.join(", ")}`,
    help: "Which requests are traced.",
    read: (text) => OTEL_SAMPLERS.find((sampler) => sampler === text.trim()),
  }),
  otelSamplerArg: variable<number>({
    name: "OTEL_TRACES_SAMPLER_ARG",
    fallback: 1,
    shownDefault: "1",
    form: "give a number from 0 to 1",
    help: "The share of requests that a sampler by ratio traces.",
    read: (text) => (/^(?:0|1|0?\.\d{1,9}|1\.0{1,9})$/.test(text.trim()) ? Number(text) : undefined),
  }),
  otelDisabled: variable<boolean>({
    name: "OTEL_SDK_DISABLED",
    fallback: false,
    shownDefault: "false",
    form: BOOLEAN_FORM,
    help: "true switches tracing off whatever else is set.",
    read: readBoolean,
  }),
};

type Values = { [P in keyof typeof variables]: (typeof variables)[P]["fallback"] };

export interface Config extends Readonly<Omit<Values, "logFormat" | "tlsCert" | "tlsKey">> {
  readonly logFormat: LogFormat;
  /** Paths of PEM files; null: the server speaks plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Whether a service manager waits for word, and how often for a sign of life; its own variables say so. */
  readonly notify: { readonly watchdogMs: number | null } | null;
  /** One sentence for each thing that is allowed and dangerous. */
  readonly warnings: readonly string[];
}

/** Name, default, allowed form and meaning of every variable, in the order of the documentation. */
export const configRows: readonly { name: string; default: string; form: string; help: string }[] =
  Object.values(variables).map(({ name, shownDefault, form, help }) => ({
    name,
    default: shownDefault,
    form,
    help,
  }));

/**
 * An empty variable counts as not set.
 * @param isTerminal whether stderr is one: decides the log's form where LOG_FORMAT doesn't.
 * @throws StartError with one line for each problem; the values of secrets are never in it.
 */
export function loadConfig(env: Environment, isTerminal = process.stderr.isTTY === true): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [property, row] of Object.entries(variables)) {
    const text = env[row.name] ?? (PROXY_VARIABLES.has(row.name) ? env[row.name.toLowerCase()] : null) ?? "";
    const value = text === "" ? row.fallback : row.read(text);
    if (text !== "" && value === undefined) problems.push(describeProblem(row, text));
    values[property] = value;
  }
  const { logFormat, tlsCert, tlsKey, ...known } = values as Values;
  const tls = tlsCert === undefined || tlsKey === undefined ? null : { cert: tlsCert, key: tlsKey };
  if (tls === null && tlsCert !== tlsKey && problems.length === 0) {
    const [there, missing] = tlsCert === undefined ? ["TLS_KEY", "TLS_CERT"] : ["TLS_CERT", "TLS_KEY"];
    problems.push(`${missing}: it is missing beside ${there}; TLS needs both, plain HTTP neither`);
  }
  const open = problems.length === 0 && !isLoopback(known.host) && known.masterApiKey === undefined;
  if (open && !known.allowOpenProxy) {
    problems.push(
      `HOST: ${known.host} lets other machines in and no MASTER_API_KEY is set; ` +
        "set MASTER_API_KEY, or ALLOW_OPEN_PROXY=true where everyone who reaches it may use the keys",
    );
  }
  if (problems.length > 0) throw new StartError(problems.join("\n"));

  const warnings: string[] = [];
  if (open) {
    warnings.push(
      `The proxy is open: everyone who reaches ${known.host} can use the keys (ALLOW_OPEN_PROXY).`,
    );
  }
  if (!known.requireAdminLogin && !isLoopback(known.host)) {
    warnings.push(
      `The admin pages are open: everyone who reaches ${known.host} can change everything (REQUIRE_ADMIN_LOGIN).`,
    );
  }
  return {
    ...known,
    dataDir: resolve(known.dataDir),
    tls,
    notify: readNotify(env),
    logFormat: logFormat ?? (isTerminal ? "pretty" : "json"),
    warnings,
  };
}

/** The values that must appear in no output. */
export function secretValues(config: Config): string[] {
  const { adminPassword, adminApiToken, masterApiKey, encryptionKey, metricsToken } = config;
  const ofProxy = config.httpsProxy?.password || undefined;
  const ofCollector = config.otelHeaders.map(([, value]) => value);
  return [
    adminPassword,
    adminApiToken,
    masterApiKey,
    encryptionKey,
    metricsToken,
    ofProxy,
    ...ofCollector,
  ].filter((value) => value !== undefined);
}

/** The path of the unix socket to listen on instead of a port; null: none. */
export function socketOf(host: string): string | null {
  return host.startsWith("unix:") ? host.slice("unix:".length) : null;
}

/** Whether only this machine reaches a listener on `host`. A name other than localhost counts as reachable. */
export function isLoopback(host: string): boolean {
  if (socketOf(host) !== null) return true;
  if (isIP(host) === 0) return host.toLowerCase() === "localhost";
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8, "ipv4");
  loopback.addAddress("::1", "ipv6");
  return loopback.check(host, isIPv4(host) ? "ipv4" : "ipv6");
}

/**
 * The process's environment over the `.env` of the folder `cwd`.
 * @throws StartError where `.env` is there and cannot be read.
 */
export function readEnvironment(cwd: string): Environment {
  const path = join(cwd, ".env");
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOENT" && code !== "EISDIR") {
      throw new StartError(`${path} cannot be read (${code}): make it readable or remove it`);
    }
  }
  return { ...parseEnvFile(text), ...process.env };
}

function describeProblem(row: Variable<unknown>, text: string): string {
  const shown = row.secret ? "the value (not shown)" : JSON.stringify(text.slice(0, 100));
  return `${row.name}: ${shown} cannot be used; ${row.form}`;
}

/** What systemd sets for a unit of `Type=notify` (sd_notify(3), sd_watchdog_enabled(3)). */
function readNotify(env: Environment): Config["notify"] {
  if (!env.NOTIFY_SOCKET) return null;
  const isOurs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(process.pid);
  const micros = isOurs ? Number(env.WATCHDOG_USEC ?? 0) : 0;
  return { watchdogMs: micros > 0 ? micros / 1_000 : null };
}
