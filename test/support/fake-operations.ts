import type { Clock } from "../../src/clock.ts";
import { readKeyFields } from "../../src/operations/key-input.ts";
import { countKeysBy, listKeys, selectKeys, usesByPool } from "../../src/operations/key-list.ts";
import type { BulkRun, ImportReport, KeyPatch, KeyRecent, Operations } from "../../src/operations/types.ts";
import type { AttemptFailure, LiveFigures } from "../../src/record/types.ts";
import {
  createSettings,
  parseSettingsPatch,
  type Settings,
  sameValue,
  settingRows,
} from "../../src/settings.ts";
import {
  ConflictError,
  InputError,
  KEY_STATUSES,
  type KeyEvent,
  type KeyStatus,
  type KeyView,
  NotFoundError,
  type Pool,
  type RequestRecord,
  type Upstream,
} from "../../src/types.ts";
import { fakePools, fakeUpstreams } from "./fake-places.ts";
import { fakeStats } from "./fake-stats.ts";
import { keyView } from "./keys.ts";

/** An invented installation in memory, in every state that the pages can show: for render tests and screenshots. */
export interface FakeInstallation {
  operations: Operations;
  figures: LiveFigures;
  keys: KeyView[];
  requests: RequestRecord[];
  events: KeyEvent[];
  pools: Pool[];
  /** Bulk changes that the Keys page tells of. */
  runs: BulkRun[];
  upstreams: (Upstream & {
    health: {
      breaker: "closed" | "open" | "half_open";
      openUntil: number | null;
      failuresInARow: number;
      lastFailure: string | null;
    };
  })[];
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function fakeId(number: number): string {
  return `0192f0c4-0000-7000-8000-${String(number).padStart(12, "0")}`;
}

function fakeKey(number: number, change: Partial<KeyView> = {}): KeyView {
  const name = `key-${String(number).padStart(2, "0")}`;
  return keyView(fakeId(number), { name, upstreamId: fakeId(900), ...change });
}

export function fakeRequest(number: number, change: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: fakeId(5_000_000 + number),
    startedAt: 0,
    endpoint: "/chat/completions",
    model: "gemini-2.5-flash",
    servedModel: "gemini-2.5-flash",
    stream: true,
    poolId: null,
    clientAddress: "10.4.2.17",
    userAgent: "openai-python 2.8",
    status: 200,
    outcome: "ok",
    ttftMs: 318,
    durationMs: 1840,
    inputTokens: 812,
    outputTokens: 204,
    cachedTokens: null,
    reasoningTokens: null,
    usageSource: "upstream",
    costUsd: null,
    requestBytes: 3_214,
    responseBytes: 9_120,
    error: null,
    attempts: [],
    ...change,
  };
}

/** A row of the mock-ups: name, end, pool, requests, share of successes, in flight. */
type KeyRow = [
  name: string,
  masked: string,
  pool: number,
  requests: number,
  success: number,
  inFlight: number,
];
const KEY_ROWS: KeyRow[] = [
  ["gem-prod-01", "AIza…x7Qk", 0, 1284, 0.996, 3],
  ["gem-prod-02", "AIza…b2Fh", 0, 1271, 0.998, 2],
  ["gem-prod-03", "AIza…mT9c", 0, 1198, 0.971, 0],
  ["gem-prod-04", "AIza…e4Wd", 0, 1306, 0.995, 4],
  ["gem-prod-05", "AIza…p0La", 0, 1262, 0.997, 2],
  ["gem-prod-06", "AIza…s8Vn", 0, 402, 0.883, 0],
  ["gem-batch-01", "AIza…k3Ry", 1, 611, 0.993, 1],
  ["gem-batch-02", "AIza…h6Jt", 1, 588, 0.964, 0],
  ["gem-batch-03", "AIza…w1Zo", 1, 500, 0.994, 0],
  ["gem-batch-04", "AIza…q5Du", 1, 574, 0.991, 1],
  ["or-main-01", "sk-o…9f2c", 2, 262, 0.989, 0],
  ["or-main-02", "sk-o…41ae", 2, 241, 0.983, 1],
  ["or-spare-01", "sk-o…d07b", 2, 20, 0.6, 0],
  ["or-spare-02", "sk-o…7c38", 2, 12, 0, 0],
];

/** States that differ from "takes its turn", by row. */
function states(now: number): Record<number, Partial<KeyView>> {
  const midnight = Math.ceil(now / DAY) * DAY;
  return {
    0: { cooldowns: [], tags: ["eu", "team-search"], createdAt: now - 94 * DAY },
    2: {
      status: "cooling",
      statusReason: "The provider asked for 42 s (429): quota exceeded for requests per minute.",
      cooldownUntil: now + 39 * SECOND,
      cooldowns: [
        {
          model: null,
          until: now + 39 * SECOND,
          reason: "429: quota exceeded for requests per minute",
          outcome: "rate_limited",
        },
        {
          model: "gemini-2.5-pro",
          until: now + 9 * MINUTE,
          reason: "429: requests a minute, RetryInfo 540s",
          outcome: "rate_limited",
        },
      ],
      strikes: 1,
    },
    3: { dailyLimit: 1_500, dailyUsed: 1_306 },
    4: {
      statusReason: "Cooling for gemini-2.5-pro only: the provider asked for 20 s (429).",
      cooldowns: [
        {
          model: "gemini-2.5-pro",
          until: now + 20 * SECOND,
          reason: "the provider asked for 20 s (429)",
          outcome: "rate_limited",
        },
      ],
    },
    5: {
      status: "ejected",
      statusReason: "3 failures in a row (500) while other keys of Gemini answered.",
      cooldownUntil: now + 177 * SECOND,
      condition: {
        status: "ejected",
        reason: "3 failures in a row",
        since: now - 20 * SECOND,
        until: now + 177 * SECOND,
      },
      strikes: 3,
      ejections: 1,
    },
    7: {
      status: "cooling",
      statusReason: "429 without a stated time: second in a row, so 240 s.",
      cooldownUntil: now + 125 * SECOND,
      cooldowns: [
        {
          model: null,
          until: now + 125 * SECOND,
          reason: "429 without a stated time",
          outcome: "rate_limited",
        },
      ],
    },
    8: {
      status: "daily_limit_reached",
      statusReason: "500 of 500 requests used today.",
      cooldownUntil: midnight,
      dailyLimit: 500,
      dailyUsed: 500,
    },
    9: { dailyLimit: 1_000, dailyUsed: 574 },
    12: {
      status: "no_credit",
      statusReason: "402: insufficient credits on the account.",
      condition: { status: "no_credit", reason: "402", since: now - 2 * HOUR, until: null },
    },
    13: {
      status: "invalid",
      statusReason: "401: the provider says the key is revoked.",
      condition: { status: "invalid", reason: "401", since: now - 5 * HOUR, until: null },
    },
  };
}

export function createFakeInstallation(clock: Clock): FakeInstallation {
  const now = clock.now();
  const poolNames = ["production", "batch", "fallback"];
  const pools: Pool[] = poolNames.map((name, at) => ({
    id: fakeId(800 + at),
    name,
    description: "",
    color: "#3f66d8",
    icon: "",
    strategy: null,
    createdAt: now,
  }));
  const upstreams: FakeInstallation["upstreams"] = [
    ["Gemini", "https://generativelanguage.googleapis.com/v1beta/openai"],
    ["OpenRouter", "https://openrouter.ai/api/v1"],
  ].map(([name, baseUrl], at) => ({
    id: fakeId(900 + at),
    name: name!,
    baseUrl: baseUrl!,
    authStyle: "bearer",
    isDefault: at === 0,
    createdAt: now,
    health: { breaker: "closed", openUntil: null, failuresInARow: 0, lastFailure: null },
  }));
  const special = states(now);
  const keys = KEY_ROWS.map(([name, maskedSecret, pool, requests, success, inFlight], at) =>
    fakeKey(at + 1, {
      name,
      maskedSecret,
      poolId: pools[pool]!.id,
      upstreamId: upstreams[pool === 2 ? 1 : 0]!.id,
      requestCount: requests,
      successCount: Math.round(requests * success),
      failureCount: requests - Math.round(requests * success),
      inputTokens: requests * 3_180,
      outputTokens: requests * 214,
      dailyUsed: requests,
      inFlight,
      createdAt: now - 20 * DAY + at * MINUTE,
      lastUsedAt: now - (at * at * 3 + 1) * SECOND,
      ...special[at],
    }),
  );
  const failures = fakeFailures(now, keys);
  const requests = fakeRequests(now, keys);
  const events = fakeEvents(now, keys);
  const figures = fakeFigures(now, keys, failures);
  const runs: BulkRun[] = [];
  const operations = fakeOperations(clock, { keys, pools, upstreams, requests, events, runs });
  return { operations, figures, keys, requests, events, pools, upstreams, runs };
}

function fakeFailures(now: number, keys: KeyView[]): AttemptFailure[] {
  const rows: [
    ageS: number,
    key: number,
    model: string,
    status: number | null,
    outcome: string,
    reason: string,
    then: number | null,
  ][] = [
    [4, 5, "gemini-2.5-pro", 500, "upstream_error", "Internal error, third in a row", 0],
    [4, 2, "gemini-2.5-pro", 429, "rate_limited", "The provider asked for 42 s", 0],
    [115, 7, "gemini-2.5-pro", 429, "rate_limited", "No time stated: cools 240 s", 6],
    [1316, 8, "gemini-2.5-flash", 429, "quota_exhausted", "500 of 500 requests used today", 9],
    [1351, 5, "gemini-2.5-flash", 500, "upstream_error", "Internal error", 4],
    [2654, 2, "gemini-2.5-pro", 429, "rate_limited", "The provider asked for 58 s", 3],
    [4637, 11, "claude-sonnet-4.5", 429, "rate_limited", "The provider asked for 20 s", 10],
    [7574, 12, "claude-sonnet-4.5", 402, "no_credit", "Insufficient credits", 11],
    [18106, 13, "gpt-4o-mini", 401, "invalid_key", "The key is revoked", null],
  ];
  return rows.map(([ageS, key, model, status, outcome, reason, then], at) => ({
    at: now - ageS * SECOND,
    requestId: fakeId(5_000_003 + at),
    keyId: keys[key]!.id,
    model,
    status,
    outcome,
    reason,
    servedByKeyId: then === null ? null : keys[then]!.id,
  }));
}

function fakeRequests(now: number, keys: KeyView[]): RequestRecord[] {
  const models = [
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "text-embedding-004",
    "gemini-2.5-flash-lite",
    "claude-sonnet-4.5",
  ];
  return Array.from({ length: 240 }, (_, at) => {
    const startedAt = now - 1_100 * at - 400 - (at % 7) * 91;
    const key = keys[at % 12]!;
    const base = { startedAt, model: models[at % 5]!, servedModel: models[at % 5]! };
    const attempt = {
      keyId: key.id,
      upstreamId: key.upstreamId,
      startedAt,
      waitMs: 0,
      durationMs: 1_840 + (at % 9) * 210,
      status: 200,
      outcome: "ok",
      chosenBecause: "next in round robin",
      error: null,
    } as const;
    const durationMs = attempt.durationMs;
    if (at % 17 === 7) {
      const error = "Invalid value for 'temperature': must be at most 2.";
      const attempts = [
        { ...attempt, status: 400, outcome: "client_error" as const, durationMs: 204, error },
      ];
      return fakeRequest(at, {
        ...base,
        status: 400,
        outcome: "client_error",
        ttftMs: null,
        durationMs: 204,
        inputTokens: null,
        outputTokens: null,
        usageSource: "none",
        error,
        attempts,
      });
    }
    if (at % 23 === 16) {
      return fakeRequest(at, {
        ...base,
        status: 499,
        outcome: "client_closed",
        durationMs: 640,
        usageSource: "estimated",
        attempts: [{ ...attempt, outcome: "client_closed", durationMs: 640 }],
      });
    }
    if (at % 11 === 3) {
      const attempts = [
        {
          ...attempt,
          keyId: keys[2]!.id,
          durationMs: 182,
          status: 429,
          outcome: "rate_limited" as const,
          error: "Quota exceeded for requests per minute",
        },
        {
          ...attempt,
          keyId: keys[5]!.id,
          startedAt: startedAt + 182,
          durationMs: 211,
          status: 500,
          outcome: "upstream_error" as const,
          error: "An internal error has occurred",
        },
        {
          ...attempt,
          startedAt: startedAt + 410,
          durationMs: 6_010,
          chosenBecause: "next in round robin, gem-prod-02 was full",
        },
      ];
      return fakeRequest(at, {
        ...base,
        ttftMs: 1_310,
        durationMs: 6_420,
        inputTokens: 18_412,
        outputTokens: 1_126,
        cachedTokens: 12_288,
        reasoningTokens: 704,
        requestBytes: 71_400,
        attempts,
      });
    }
    return fakeRequest(at, { ...base, durationMs, attempts: [attempt] });
  });
}

function fakeEvents(now: number, keys: KeyView[]): KeyEvent[] {
  const rows: [ageS: number, event: string, key: number | null, detail: string, actor: string][] = [
    [4, "ejected", 5, "3 failures in a row (500) while others answered", "pool"],
    [4, "cooled", 2, "gemini-2.5-pro for 42 s: 429, RetryInfo 42s", "pool"],
    [2_596, "recovered", 2, "cooldown of 58 s over", "pool"],
    [2_654, "cooled", 2, "gemini-2.5-pro for 58 s: 429, RetryInfo 58s", "pool"],
    [7_574, "no_credit", 12, "402: insufficient credits", "pool"],
    [10_906, "edited", 2, "daily_limit none → 1,350", "admin"],
    [18_106, "invalid", 13, "401: the key is revoked", "pool"],
    [18_200, "settings_changed", null, "rotation_request_count 5 → 1", "admin"],
    [18_300, "logged_in", null, "from 127.0.0.1", "admin"],
    [190_000, "added", 0, "imported, row 1", "admin"],
  ];
  return rows.map(([ageS, event, key, detail, actor], at) => ({
    id: fakeId(7_000 + at),
    at: now - ageS * SECOND,
    event,
    keyId: key === null ? null : keys[key]!.id,
    keyName: key === null ? null : keys[key]!.name,
    detail,
    actor,
  }));
}

function fakeFigures(now: number, keys: KeyView[], lastFailures: AttemptFailure[]): LiveFigures {
  const last = Math.floor(now / MINUTE) * MINUTE;
  const minutes = Array.from({ length: 60 }, (_, at) => {
    const requests = Math.round(38 + 9 * Math.sin(at / 7) + 8 * Math.sin(at * 1.7) + 4 * Math.sin(at * 5.1));
    return {
      at: last - (59 - at) * MINUTE,
      requests,
      errors: at % 19 === 8 ? 1 : 0,
      failovers: Math.max(0, Math.round(2 + 3 * Math.sin(at / 4))),
      inputTokens: requests * 3_460,
      outputTokens: requests * 233,
      costUsd: requests * 0.00196,
      pricedRequests: requests,
    };
  });
  return {
    requestsLastMinute: 42,
    requestsToday: 9_418,
    errorsToday: 20,
    failoversToday: 113,
    inputTokensToday: 32_600_000,
    outputTokensToday: 2_200_000,
    costUsdToday: 18.5,
    pricedRequestsToday: 9_310,
    ttftP50Ms: 318,
    ttftP95Ms: 1_420,
    inFlight: 14,
    minutes,
    lastFailures,
    attemptsTodayByKey: new Map(keys.map((key) => [key.id, key.requestCount])),
    recorder: { queued: 0, dropped: 0, lastError: null },
  };
}

type Data = Pick<FakeInstallation, "keys" | "pools" | "upstreams" | "requests" | "events" | "runs">;

/** A line that differs by key; one that is out stands still at its end. */
function fakeRecent(key: KeyView): KeyRecent {
  const phase = key.requestCount % 17;
  const minutes = Array.from({ length: 60 }, (_, at) =>
    key.status !== "available" && at > 54
      ? 0
      : Math.round(9 + 5 * Math.sin(at / 5 + phase) + 3 * Math.sin(at * phase)),
  );
  return { minutes, attempts: key.requestCount, successes: key.successCount, clientErrors: 0 };
}

function glancesOf(keys: KeyView[]) {
  return keys.map((key) => ({ ...key, key, state: { keyId: key.id, ...key } }));
}

function fakeOperations(clock: Clock, data: Data): Operations {
  const settings = createSettings({ rotation_request_count: 1 });
  const unused = () => Promise.reject(new Error("not part of the fake"));
  const find = (id: string): KeyView => {
    const key = data.keys.find((known) => known.id === id);
    if (key === undefined) throw new NotFoundError("There is no such key.");
    return key;
  };
  const change = (id: string, patch: Partial<KeyView>) => Object.assign(find(id), patch);
  const trash = new Map<string, KeyView>();
  let added = 0;
  const addOne = (secret: string, name: string): KeyView => {
    added += 1;
    const key = fakeKey(100 + added, {
      name,
      maskedSecret: `${secret.slice(0, 4)}…${secret.slice(-4)}`,
      createdAt: clock.now(),
    });
    data.keys.push(key);
    return key;
  };
  const freeName = () => `key-${String(data.keys.length + 1).padStart(2, "0")}`;
  return {
    migration: {
      run: async () => {
        throw new NotFoundError("There is nothing of the earlier version.");
      },
      look: async () => null,
      offer: () => null,
    },
    keys: {
      async list(query) {
        const { data: glances, ...page } = listKeys(glancesOf(data.keys), query);
        return { ...page, data: glances.map(({ id }) => find(id)) };
      },
      poolOf: (id) => data.keys.find((key) => key.id === id)?.poolId,
      countsBy: (field) => countKeysBy(glancesOf(data.keys), field),
      usesByPool: () => usesByPool(glancesOf(data.keys)),
      tags: () => [
        { tag: "eu", keys: 1 },
        { tag: "team-search", keys: 1 },
      ],
      counts() {
        const count = (status: KeyStatus) => data.keys.filter((key) => key.status === status).length;
        return Object.fromEntries(KEY_STATUSES.map((status) => [status, count(status)])) as Record<
          KeyStatus,
          number
        >;
      },
      get: async (id) => find(id),
      async add(input) {
        if (input.secret.length < 8)
          throw new InputError("The key can't be taken.", { secret: "give 8 to 500 characters" });
        if (input.secret.includes("duplicate"))
          throw new ConflictError('This secret is there already as "gem-prod-01".');
        return addOne(input.secret, input.name || freeName());
      },
      checkMany: unused,
      async addMany(text) {
        const report: ImportReport = { added: [], skipped: [] };
        for (const [at, line] of text.split("\n").entries()) {
          const [name, secret] = line.includes("=") ? line.split("=") : ["", line];
          if (line.trim() === "") continue;
          if (secret!.trim().length < 8)
            report.skipped.push({ row: at + 1, reason: "malformed: secret: give 8 to 500 characters" });
          else report.added.push(addOne(secret!.trim(), name || freeName()));
        }
        if (report.added.length + report.skipped.length === 0)
          throw new InputError("There is no key in the text.", { text: "give one key a line" });
        return report;
      },
      async edit(id, patch: KeyPatch) {
        if (patch.dailyLimit !== null && patch.dailyLimit !== undefined && !(patch.dailyLimit >= 1)) {
          throw new InputError("The key can't be changed.", {
            daily_limit: "give a whole number from 1 to 1000000000, or null for none",
          });
        }
        const { secret: _, ...rest } = patch;
        return change(
          id,
          Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
        );
      },
      async setEnabled(ids, enabled) {
        for (const id of ids) {
          change(
            id,
            enabled
              ? { enabled, status: "available", statusReason: null, cooldownUntil: null, condition: null }
              : { enabled, status: "disabled", statusReason: "Switched off by hand.", cooldownUntil: null },
          );
        }
      },
      async move(ids, poolId) {
        for (const id of ids) change(id, { poolId });
      },
      async remove(ids) {
        for (const id of ids) {
          const [removed] = data.keys.splice(data.keys.indexOf(find(id)), 1);
          trash.set(id, removed as KeyView);
        }
      },
      async restore(id) {
        const key = trash.get(id);
        if (key === undefined) throw new NotFoundError("It was deleted too long ago to be brought back.");
        trash.delete(id);
        data.keys.push(key);
        return key;
      },
      exportAll: async (withSecrets) => [
        data.keys.map((key) => ({
          key,
          secret: withSecrets ? `sk-secret-of-${key.name}` : null,
          pool: null,
          upstream: "Gemini",
        })),
      ],
      async reveal(id) {
        return `sk-secret-of-${find(id).name}`;
      },
      async bulk(selection, what) {
        const { action } = what;
        const fields = what.action === "set_limits" ? what.limits : "tags" in what ? { tags: what.tags } : {};
        const { values, problems } = readKeyFields(fields);
        if (Object.keys(problems).length > 0) throw new InputError("Check the fields.", problems);
        const chosen =
          "ids" in selection
            ? selection.ids.map(find)
            : [...selectKeys(glancesOf(data.keys), selection.filter)].map(({ id }) => find(id));
        if (action === "enable" || action === "disable") {
          const enabled = action === "enable";
          for (const key of chosen)
            Object.assign(key, { enabled, status: enabled ? "available" : "disabled" });
        }
        if (action === "set_limits") for (const key of chosen) Object.assign(key, values);
        if (action === "delete") for (const key of chosen) data.keys.splice(data.keys.indexOf(key), 1);
        const total = chosen.length;
        const at = clock.now();
        const run: BulkRun = {
          id: clock.id(),
          action,
          total,
          done: total,
          changed: total,
          startedAt: at,
          endedAt: at,
          stopped: null,
        };
        return { run, ended: Promise.resolve() };
      },
      bulkRuns: () => data.runs,
      stopBulk: () => undefined,
      undoBulk: unused,
      async reset(ids) {
        for (const id of ids)
          change(id, {
            status: "available",
            statusReason: null,
            cooldownUntil: null,
            condition: null,
            cooldowns: [],
            strikes: 0,
          });
      },
      async test(id) {
        return find(id).status === "invalid"
          ? {
              outcome: "invalid_key",
              status: 401,
              latencyMs: 122,
              message: "The provider says the key is revoked.",
            }
          : { outcome: "ok", status: 200, latencyMs: 286, message: "The key works." };
      },
    },
    pools: fakePools(data, clock),
    upstreams: fakeUpstreams(data),
    prompts: {
      list: async () => [],
      get: unused,
      add: unused,
      edit: unused,
      used: unused,
      remove: unused,
    },
    settings: {
      current: () => settings.current,
      async patch(patch) {
        const before = settings.current;
        const after: Settings = { ...before, ...parseSettingsPatch(patch) };
        settings.replace(after);
        return {
          settings: after,
          changed: settingRows
            .filter((row) => !sameValue(after[row.property], before[row.property]))
            .map((row) => row.name),
        };
      },
      async reset(names) {
        const rows = settingRows.filter((row) => names === "all" || names.includes(row.name));
        settings.replace({
          ...settings.current,
          ...Object.fromEntries(rows.map((row) => [row.property, row.default])),
        });
        return settings.current;
      },
    },
    logs: {
      async requests(query) {
        const rows = data.requests.filter(
          (row) =>
            (query.kind !== "error" || row.outcome !== "ok") &&
            (query.keyId === undefined || row.attempts.some((attempt) => attempt.keyId === query.keyId)) &&
            (query.q === undefined || `${row.id} ${row.model} ${row.error}`.includes(query.q)),
        );
        const from = Number(query.cursor ?? 0);
        return {
          data: rows.slice(from, from + query.limit),
          nextCursor: from + query.limit < rows.length ? String(from + query.limit) : null,
          searchedTo: null,
        };
      },
      async request(id) {
        const found = data.requests.find((row) => row.id === id);
        if (found === undefined) throw new NotFoundError("There is no such request in the log.");
        return found;
      },
      async keyEvents(query) {
        const rows = data.events.filter((event) => query.keyId === undefined || event.keyId === query.keyId);
        return { data: rows.slice(0, query.limit), nextCursor: null, searchedTo: null };
      },
      facets: async () => ({ models: [], keys: [], outcomes: [], pools: [] }),
      listen: () => () => undefined,
    },
    stats: {
      recentByKey: async (ids) =>
        new Map(
          ids.flatMap((id) => {
            const key = data.keys.find((known) => known.id === id);
            return key === undefined || key.requestCount < 20 ? [] : [[id, fakeRecent(key)]];
          }),
        ),
      read: async (query) => fakeStats(query, clock.now(), data.keys, data),
      reset: async () => undefined,
      fold: unused,
      prune: unused,
    },
    cleanup: {
      run: unused,
      keepInBounds: unused,
      isTooLarge: unused,
      upkeep: unused,
      start: () => undefined,
      state: () => ({
        running: null,
        last: {
          endedAt: clock.now() - 3 * HOUR,
          result: {
            deletedRequests: 12_304,
            deletedKeyEvents: 18,
            archivedRequests: 12_304,
            archiveFiles: ["requests-2026-10-24.jsonl.zst"],
            freedBytes: 9_800_000,
            durationMs: 4_200,
          },
          problem: null,
        },
      }),
      report: async (days) => ({
        sizeBytes: 128_400_000,
        freeBytes: 2_100_000,
        oldestRequestAt: clock.now() - 30 * DAY,
        requests: 184_220,
        deletableRequests: days >= 30 ? 0 : 12_304,
        freeableBytes: days >= 30 ? 0 : 9_800_000,
      }),
    },
    transfer: {
      importFile: unused,
      importStream: unused,
      exportAll: unused,
      backUp: unused,
      backups: () => [
        { name: "load-balancer-20261124-040000-012.db", at: clock.now() - 8 * HOUR, sizeBytes: 41_200_000 },
        { name: "load-balancer-20261123-040000-009.db", at: clock.now() - 32 * HOUR, sizeBytes: 40_900_000 },
      ],
      keptBackup: unused,
      backupFile: unused,
    },
  };
}
