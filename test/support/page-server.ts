import { Elysia } from "elysia";
import { createAccess } from "../../src/admin/access.ts";
import { describeApi } from "../../src/admin/api/openapi.ts";
import { adminApiRoutes } from "../../src/admin/api.ts";
import { createClientOf } from "../../src/admin/client.ts";
import type { About, PageDeps } from "../../src/admin/page-context.ts";
import { createPages } from "../../src/admin/pages.ts";
import { createAssets } from "../../src/assets.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { Session } from "../../src/operations/sessions.ts";
import { createFakeInstallation, type FakeInstallation } from "./fake-operations.ts";

export const PAGE_PASSWORD = "correct horse battery";
/** The cookie of someone who is logged in. */
export const SESSION = "lb_session=known";
const FAKE_SESSION: Session = {
  id: "known",
  createdAt: Date.UTC(2026, 10, 20),
  lastSeenAt: Date.UTC(2026, 10, 20),
  expiresAt: Date.UTC(2100, 0, 1),
  address: "127.0.0.1",
  userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
};
/** So long a wrong password waits here. */
const WAIT_S = 8;

export const FAKE_ABOUT: About = {
  dataDir: "/var/lib/load-balancer",
  startedAt: Date.UTC(2026, 10, 20),
  runtime: "Bun 1.4.5",
  database: "SQLite 3.51.0",
  isSet: {
    adminPassword: false,
    adminApiToken: true,
    masterApiKey: false,
    metricsToken: false,
    encryptionKey: false,
  },
};

export interface PageServer {
  url: string;
  installation: FakeInstallation;
  /** What the program's own log got. */
  logged: unknown[];
  /** As a browser asks that is logged in; `form` makes it a POST from a page of this server. */
  ask(
    path: string,
    options?: { form?: Record<string, string> | [string, string][]; headers?: Record<string, string> },
  ): Promise<PageAnswer>;
  stop(): Promise<void>;
}

export interface PageAnswer {
  status: number;
  headers: Headers;
  html: string;
}

/** The pages over the invented installation, really listening; sessions are one cookie. */
export async function startPages(
  options: Partial<Pick<PageDeps, "requireAdminLogin" | "openProxy" | "clock">> & { port?: number } = {},
): Promise<PageServer> {
  const clock: Clock = options.clock ?? systemClock;
  const installation = createFakeInstallation(clock);
  const logged: unknown[] = [];
  const sessionOf = async (request: Request) =>
    request.headers.get("cookie")?.includes(SESSION) ? FAKE_SESSION : null;
  const clientOf = createClientOf({
    connectionAddress: () => "127.0.0.1",
    clientAddress: (connection) => connection,
    isTrustedProxy: () => false,
  });
  const requireAdminLogin = options.requireAdminLogin ?? true;
  const deps: PageDeps = {
    operations: installation.operations,
    live: { figures: () => installation.figures },
    access: createAccess({ requireAdminLogin, isApiToken: () => false, sessions: { sessionOf }, clientOf }),
    sessions: {
      async logIn({ password }) {
        if (password === PAGE_PASSWORD)
          return { ok: true, cookie: `${SESSION}; Path=/; HttpOnly; SameSite=Strict` };
        return {
          ok: false,
          unread: false,
          waitS: WAIT_S,
          message: `Wrong password. Try again in ${WAIT_S} s.`,
        };
      },
      async confirm({ password }) {
        if (password === PAGE_PASSWORD) return { ok: true };
        return {
          ok: false,
          unread: false,
          waitS: WAIT_S,
          message: `Wrong password. Try again in ${WAIT_S} s.`,
        };
      },
      logOut: async () => "lb_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
    },
    sessionOperations: {
      list: async () => [
        { ...FAKE_SESSION, id: "known", lastSeenAt: clock.now() },
        {
          ...FAKE_SESSION,
          id: "other",
          address: "2001:db8::17",
          lastSeenAt: clock.now() - 7_200_000,
          userAgent:
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile Safari/604.1",
        },
      ],
      end: async () => undefined,
      endOthers: async () => 1,
      changePassword: async () => undefined,
    },
    clientOf,
    clock,
    logger: { error: (message, fields) => logged.push({ message, ...fields }) },
    version: "1.2.3",
    requireAdminLogin,
    firstPasswordWaits: () => false,
    openProxy: options.openProxy ?? "nobody",
    playground: { ask: () => Promise.reject(new Error("not part of the fake")), models: async () => [] },
    keepOpen: () => undefined,
    describeApi: () => describeApi(adminApiRoutes({ ...deps, startedAtMonotonic: 0 }), deps.version),
    about: FAKE_ABOUT,
    sendTestAlert: async () => null,
    probeEndpoint: async () => ({ isGood: true, message: "Answered in 120 ms and lists 47 models." }),
  };
  const app = new Elysia()
    .use(createAssets())
    .use(createPages(deps))
    .listen({ port: options.port ?? 0, hostname: "127.0.0.1" });
  const url = `http://127.0.0.1:${app.server!.port}`;
  return {
    url,
    installation,
    logged,
    async ask(path, { form, headers } = {}) {
      const answer = await fetch(`${url}${path}`, {
        method: form ? "POST" : "GET",
        redirect: "manual",
        headers: { cookie: SESSION, ...(form && { origin: url }), ...headers },
        ...(form && { body: new URLSearchParams(form) }),
      });
      return { status: answer.status, headers: answer.headers, html: await answer.text() };
    },
    stop: () => app.stop(true).then(() => undefined),
  };
}
