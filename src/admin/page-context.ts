import type { Notice } from "../../views/components/notice.tsx";
import type { Reader } from "../../views/format.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { Session, SessionOperations } from "../operations/sessions.ts";
import type { Actor, Operations } from "../operations/types.ts";
import type { Live } from "../record/types.ts";
import type { RequestRecord } from "../types.ts";
import type { Access } from "./access.ts";
import type { ApiDocument } from "./api/openapi.ts";
import type { ClientOf } from "./client.ts";
import type { KeyTests } from "./key-tests.ts";
import type { RunningAnswers } from "./playground/running.ts";
import type { Sessions } from "./session.ts";

export interface PageDeps {
  operations: Operations;
  live: Live;
  access: Access;
  sessions: Pick<Sessions, "logIn" | "logOut" | "confirm">;
  sessionOperations: Pick<SessionOperations, "list" | "end" | "endOthers" | "changePassword">;
  clientOf: ClientOf;
  clock: Clock;
  logger: Pick<Logger, "error">;
  version: string;
  /** The admin API's description. */
  describeApi(): ApiDocument;
  /** `REQUIRE_ADMIN_LOGIN` */
  requireAdminLogin: boolean;
  /** The password that was made at the first start waits in its file to be fetched. */
  firstPasswordWaits(): boolean;
  /** Who may use the proxy without a client key. */
  openProxy: "nobody" | "this_machine" | "network";
  playground: Playground;
  /** Takes the runtime's idle limit off a connection: testing keys may take as long as their upstream does. */
  keepOpen(request: Request): void;
  about: About;
  /** Answers why the webhook did not take it, null where it did. */
  sendTestAlert(): Promise<string | null>;
  /** Asks a base URL, once, whether an OpenAI-compatible API is there. */
  probeEndpoint(baseUrl: string): Promise<{ isGood: boolean; message: string }>;
}

/** What the Settings page tells of this installation. */
export interface About {
  /** The folder of all data, as a full path. */
  dataDir: string;
  /** Epoch ms. */
  startedAt: number;
  /** "Bun 1.4.5", "SQLite 3.51.0". */
  runtime: string;
  database: string;
  /** Which secrets of the environment are set; their values are nobody's business. */
  isSet: Record<
    "adminPassword" | "adminApiToken" | "masterApiKey" | "metricsToken" | "encryptionKey",
    boolean
  >;
}

/** A chat request that the playground makes; it goes the way of every other one. */
export interface PlaygroundCall {
  /** JSON, as a client would send it. */
  body: string;
  /** Null: the keys of all pools. */
  poolId: string | null;
  /** The only key that may serve it; null: whichever is chosen. */
  keyId: string | null;
  clientAddress: string;
  /** Aborted: nobody waits any more. A body that flows already is to be cancelled by its reader. */
  signal: AbortSignal;
}

/** What the playground needs of the data plane. */
export interface Playground {
  /** `record` is what the log gets, once the answer is over. Rejects with an Error for people where nothing is asked. */
  ask(call: PlaygroundCall): Promise<{ id: string; response: Response; record: Promise<RequestRecord> }>;
  /** The names of all models that the upstreams list, and the aliases. */
  models(): Promise<string[]>;
}

/** One request for a page, by someone who may ask for it. */
export interface PageContext {
  deps: PageDeps;
  request: Request;
  url: URL;
  /** The `:id` of the path; empty where it has none. */
  id: string;
  actor: Actor;
  /** Null where no login is asked for. */
  session: Session | null;
  reader: Reader;
  /** The notice that an action left for the next page. */
  notice: Notice | null;
  /** What htmx will put the answer into: the living part, the dialog, something else; null: a whole page is asked for. */
  part: "live" | "dialog" | "other" | null;
  tests: KeyTests;
  running: RunningAnswers;
}

export interface PageRoute {
  method: "GET" | "POST";
  path: string;
  /** For whom: anyone, or only who may enter the admin side. */
  open?: boolean;
  handle(context: PageContext): Promise<Response> | Response;
}

/** The `HX-Target` that htmx sends: `div#live`. */
const PARTS: Record<string, "live" | "dialog"> = { "div#live": "live", "dialog#dialog": "dialog" };

export function partOf(request: Request): PageContext["part"] {
  if (request.headers.get("hx-request") !== "true") return null;
  return PARTS[request.headers.get("hx-target") ?? ""] ?? "other";
}
