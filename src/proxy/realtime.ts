import type { Ask, Claim, Lease } from "../pool/pool.ts";
import type { Settings } from "../settings.ts";
import type { Upstream, Verdict } from "../types.ts";
import { BROKEN_OFF, NO_CODE } from "../upstream/frames.ts";
import type {
  PendingSocket,
  SocketOptions,
  SocketRefusal,
  SocketRequest,
  UpstreamSocket,
} from "../upstream/socket-types.ts";
import { type HeaderList, UpstreamFailure } from "../upstream/types.ts";
import type { AttemptResult } from "./attempt.ts";
import { textOf } from "./decode.ts";
import { ProxyError } from "./errors.ts";
import { Exchange, type ExchangeDeps } from "./exchange.ts";
import type { ForwardDeps } from "./forward.ts";
import { guideOf, modelRoutes } from "./model-routes.ts";
import { afterOutput, judgeAnswer, judgeFailure, judgeStreamEvent } from "./outcome.ts";
import { RealtimeSession, type SessionEnd } from "./realtime-session.ts";
import type { ProxyRequest } from "./request.ts";
import { RetryBudget, RetryPlan } from "./retry.ts";
import { headersTo, urlAt } from "./upstream-address.ts";
import { CLIENT_CLOSED, OK, verdictOf } from "./verdict.ts";

/** OpenAI's own clients in browsers can set no header, and show their key as a sub-protocol. */
const KEY_PROTOCOL = "openai-insecure-api-key.";
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MAX_PROTOCOLS = 16;
/** A host may accept the key first and refuse it in its first event: so long that one is waited for. */
const FIRST_EVENT_MS = 1_000;
const SWITCHING = 101;

export interface RealtimeDeps extends ExchangeDeps {
  pool: { claim(ask: Ask): Claim } & ExchangeDeps["pool"];
  settings(): Settings;
  upstream(id: string): Upstream;
  models: ForwardDeps["models"];
  openSocket(request: SocketRequest, options: SocketOptions): PendingSocket;
}

/** Makes the client's connection a WebSocket; false where it is none any more. */
export type Upgrade = (session: RealtimeSession, headers: [string, string][]) => boolean;

/** Answers undefined where the connection has become a session. */
export type Realtime = (
  request: ProxyRequest,
  protocols: readonly string[],
  upgrade: Upgrade,
) => Promise<Response | undefined>;

export function isUpgrade(headers: Headers): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

export function protocolsOf(headers: Headers): string[] {
  const offered = (headers.get("sec-websocket-protocol") ?? "").split(",").map((one) => one.trim());
  return offered.filter((one) => one !== "").slice(0, MAX_PROTOCOLS);
}

/** The headers to check a client by: a key among the sub-protocols counts like one in a header. */
export function credentialHeaders(headers: Headers, protocols: readonly string[]): Headers {
  const shown = protocols.find((one) => one.startsWith(KEY_PROTOCOL));
  if (shown === undefined || headers.has("authorization")) return headers;
  const all = new Headers(headers);
  all.set("authorization", `Bearer ${shown.slice(KEY_PROTOCOL.length)}`);
  return all;
}

/**
 * WebSocket upgrades: another key may be tried until the upstream has accepted one and its first event is no error.
 * Afterwards the session lives and ends with its upstream.
 */
export function createRealtime(deps: RealtimeDeps): Realtime {
  const { clock, models } = deps;
  const budget = new RetryBudget();
  return async (given, protocols, upgrade) => {
    const model = new URLSearchParams(queryOf(given.target)).get("model");
    const request: ProxyRequest = {
      ...given,
      model,
      stream: true,
      headers: given.headers.filter(isForwarded),
    };
    const exchange = new Exchange(request, deps);
    try {
      return await open({ request, protocols, upgrade, exchange });
    } catch (error) {
      exchange.crashed();
      throw error;
    }
  };

  async function open(call: Call): Promise<Response | undefined> {
    const { request, exchange } = call;
    const settings = deps.settings();
    const plan = new RetryPlan(settings, request.startedAt, false);
    budget.countRequest(clock.monotonic());
    const preparing = request.model === null ? null : models.prepare();
    if (preparing !== null) await preparing;
    const routes = modelRoutes(request.model, settings, models);
    for (const [index, route] of routes.entries()) {
      const isLast = index === routes.length - 1;
      const { model } = route;
      exchange.serving(model);
      const guide = guideOf(route, models);
      const tried = new Set<string>();
      for (;;) {
        const { lease, refusal } = deps.pool.claim({ ...guide, poolId: request.poolId, tried });
        if (lease === null) {
          if (isLast) return exchange.giveUp(refusal);
          break;
        }
        tried.add(lease.keyId);
        const result = await attempt(call, lease, model);
        if (model !== null) models.learn(lease.keyId, model, result.verdict);
        if (result.session !== null) return begin(call, lease, result.session);
        exchange.failed(lease, result);
        if (exchange.clientLeft) return exchange.clientGone();
        if (!plan.goesOn(result.verdict, true, clock.monotonic(), budget)) return exchange.giveUp(null);
      }
    }
    throw new Error("no route ended the request");
  }

  /** One key: the handshake, then the first event. */
  async function attempt(call: Call, lease: Lease, model: string | null): Promise<Opened> {
    const { request, protocols, exchange } = call;
    const settings = deps.settings();
    const upstream = deps.upstream(lease.upstreamId);
    const pending = deps.openSocket(
      {
        url: urlAt(upstream, targetFor(request, model)),
        headers: headersTo(upstream, request.path, lease.secret, request.headers),
        protocols: protocols.flatMap((one) => withKey(one, lease.secret)),
      },
      {
        connectTimeoutMs: settings.connectTimeoutMs,
        firstByteTimeoutMs: settings.streamFirstByteTimeoutMs,
        idleTimeoutMs: settings.idleStreamTimeoutMs,
      },
    );
    exchange.began(lease, pending);
    const facts = { now: clock.now, stream: false, secret: lease.secret, isHead: false };
    try {
      const { socket, refusal } = await pending.opening;
      if (socket === null) return refused(refusal, lease);
      return await looked(socket, lease, request.path);
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      return failed(judgeFailure(error, facts));
    }
  }

  function refused({ status, headers, body }: SocketRefusal, { secret }: Lease): Opened {
    const text = textOf(body, null) ?? "";
    const verdict =
      status < 300
        ? verdictOf({ outcome: "not_an_api_answer", status: 502, reason: `No WebSocket (${status})` })
        : judgeAnswer({ status, headers, body: text, stream: false, now: clock.now(), secrets: [secret] });
    return { ...failed(verdict), status, answer: { kind: "whole", headers, body, text } };
  }

  async function looked(socket: UpstreamSocket, lease: Lease, path: string): Promise<Opened> {
    let ended: (end: SessionEnd) => void = () => {};
    const session = new RealtimeSession(socket, (end) => ended(end));
    const { first, closed } = await session.beginning(path === "/realtime" ? FIRST_EVENT_MS : 0);
    const error = first === null ? null : judgeStreamEvent(first, clock.now(), [lease.secret]);
    const gone = closed !== null && first === null ? closedVerdict(closed.code, closed.reason) : null;
    const verdict = error ?? gone;
    if (verdict !== null && verdict.outcome !== "ok" && verdict.retry) {
      session.abandon();
      return { ...failed(verdict), status: SWITCHING };
    }
    const onEnd = (listener: (end: SessionEnd) => void) => {
      ended = listener;
    };
    return { ...failed(OK), status: SWITCHING, session: { session, protocol: socket.protocol, onEnd } };
  }

  function begin(call: Call, lease: Lease, opened: OpenedSession): Response | undefined {
    const { exchange, protocols, upgrade } = call;
    const { session, protocol, onEnd } = opened;
    const end = exchange.switched(lease);
    onEnd(({ by, code, reason, usage, bytes }) => end(verdictAtEnd(by, code, reason), usage, bytes));
    const headers = exchange.sessionHeaders();
    const chosen = protocol === null ? undefined : protocols.find((one) => isSame(one, protocol));
    if (chosen !== undefined) headers.push(["sec-websocket-protocol", chosen]);
    if (upgrade(session, headers)) return undefined;
    session.abandon();
    end(CLIENT_CLOSED, null, 0);
    throw new ProxyError("invalid_request", "This is no WebSocket handshake.");
  }
}

interface Call {
  request: ProxyRequest;
  protocols: readonly string[];
  upgrade: Upgrade;
  exchange: Exchange;
}

interface OpenedSession {
  session: RealtimeSession;
  protocol: string | null;
  onEnd(listener: (end: SessionEnd) => void): void;
}

interface Opened extends AttemptResult {
  session: OpenedSession | null;
}

function failed(verdict: Verdict): Opened {
  return { verdict, status: null, answered: true, commits: false, answer: null, session: null };
}

/** Neither the handshake's own headers, which the upstream client writes, nor those of a page. */
function isForwarded([name]: HeaderList[number]): boolean {
  return !name.startsWith("sec-websocket-") && !name.startsWith("sec-fetch-") && name !== "origin";
}

function queryOf(target: string): string {
  const at = target.indexOf("?");
  return at < 0 ? "" : target.slice(at + 1);
}

/** Only the value of `model` changes in the query. */
function targetFor({ target, model: asked }: ProxyRequest, model: string | null): string {
  if (model === null || model === asked) return target;
  return target.replace(/([?&]model=)[^&]*/, (_, name: string) => name + encodeURIComponent(model));
}

/** The client's key among the sub-protocols gives way to ours, where ours can stand there. */
function withKey(protocol: string, secret: string): string[] {
  if (!protocol.startsWith(KEY_PROTOCOL)) return [protocol];
  return TOKEN.test(secret) ? [KEY_PROTOCOL + secret] : [];
}

function isSame(offered: string, chosen: string): boolean {
  return offered === chosen || (offered.startsWith(KEY_PROTOCOL) && chosen.startsWith(KEY_PROTOCOL));
}

function verdictAtEnd(by: SessionEnd["by"], code: number, reason: string): Verdict {
  if (by === "client") return code === BROKEN_OFF ? CLIENT_CLOSED : OK;
  const verdict = closedVerdict(code, reason);
  return verdict.outcome === "ok" ? OK : afterOutput(verdict);
}

/** 1000 and 1001 end a session in order; so does an end without a code. */
function closedVerdict(code: number, reason: string): Verdict {
  if (code === NO_CODE || code === 1000 || code === 1001) return OK;
  const words =
    reason === "" ? `The upstream closed the session (${code})` : `${reason.slice(0, 200)} (${code})`;
  return verdictOf({ outcome: "upstream_error", status: 502, reason: words });
}
