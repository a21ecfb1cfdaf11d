import { Elysia } from "elysia";
import { showApiDocs } from "./api-docs.tsx";
import { compressed } from "./compress.ts";
import { showDashboard } from "./dashboard.tsx";
import { showKey } from "./key.tsx";
import { deleteKey, disableKey, enableKey, resetKey, restoreKey, testKey, testKeys } from "./key-actions.ts";
import { changeKeys, stopChange, undoChange } from "./key-bulk.tsx";
import { addKey, askForChanges, askForKey, askForPaste, changeKey, pasteKeys } from "./key-forms.tsx";
import { changeField, showField } from "./key-inline.tsx";
import { askForExport, askForReveal, downloadKeys, revealKey } from "./key-secret.tsx";
import { KeyTests } from "./key-tests.ts";
import { askForColumns, askForFilter, showKeys } from "./keys.tsx";
import { showLicenses } from "./licenses.tsx";
import { showRequest } from "./log.tsx";
import { followLogs } from "./log-tail.ts";
import { logIn, logOut, showLogin } from "./login.tsx";
import { askForLogFilter, showLogs } from "./logs.tsx";
import { moveOver } from "./migrate.tsx";
import { answerPage } from "./page-call.tsx";
import type { PageDeps, PageRoute } from "./page-context.ts";
import { listModels, newChat, showCode, showPlayground } from "./playground/page.tsx";
import { askForPromptDeletion, deletePrompt, listPrompts, savePrompt } from "./playground/prompts.tsx";
import { RunningAnswers } from "./playground/running.ts";
import { sendMessage, stopAnswer } from "./playground/send.tsx";
import {
  addPool,
  askForPool,
  askForPoolChanges,
  askForPoolDeletion,
  changePool,
  deletePool,
} from "./pool-forms.tsx";
import { movePoolKeys, showPool, showPools } from "./pools.tsx";
import { redirect } from "./render.tsx";
import {
  askForReset,
  resetSettings,
  saveSettings,
  showSettings,
  testAlert,
  testEndpoint,
} from "./settings.tsx";
import { showAbout } from "./settings-about.tsx";
import {
  askForCleanup,
  askForStatisticsReset,
  cleanUp,
  resetStatistics,
  showData,
} from "./settings-data.tsx";
import { changePassword, endOtherSessions, endSession, showSecurity } from "./settings-security.tsx";
import {
  backUpNow,
  downloadBackup,
  downloadExport,
  downloadKeptBackup,
  importFile,
} from "./settings-transfer.tsx";
import { showShortcuts } from "./shortcuts.tsx";
import { foldSidebar } from "./sidebar.ts";
import { askForStatsReset, downloadStats, resetStats, showStats } from "./stats.tsx";
import { makeDefault, testUpstream } from "./upstream-actions.ts";
import {
  addUpstream,
  askForUpstream,
  askForUpstreamChanges,
  askForUpstreamDeletion,
  changeUpstream,
  deleteUpstream,
  tryAddress,
} from "./upstream-forms.tsx";
import { showUpstream, showUpstreams } from "./upstreams.tsx";

/** THE table of pages and of what their forms do. Each works by a plain GET or POST; htmx gets parts of the same. */
export const PAGES: PageRoute[] = [
  { method: "GET", path: "/login", open: true, handle: showLogin },
  { method: "POST", path: "/login", open: true, handle: logIn },
  { method: "POST", path: "/logout", handle: logOut },
  { method: "GET", path: "/", handle: showDashboard },
  { method: "GET", path: "/shortcuts", handle: showShortcuts },
  { method: "POST", path: "/sidebar", handle: foldSidebar },
  { method: "GET", path: "/sidebar", handle: () => redirect("/") },
  { method: "POST", path: "/migrate", handle: moveOver },
  { method: "GET", path: "/migrate", handle: () => redirect("/") },
  { method: "GET", path: "/keys", handle: showKeys },
  { method: "POST", path: "/keys", handle: addKey },
  { method: "GET", path: "/keys/add", handle: askForKey },
  { method: "GET", path: "/keys/paste", handle: askForPaste },
  { method: "POST", path: "/keys/import", handle: pasteKeys },
  { method: "GET", path: "/keys/import", handle: () => redirect("/keys") },
  { method: "POST", path: "/keys/test", handle: testKeys },
  { method: "GET", path: "/keys/export", handle: (context) => askForExport(context) },
  { method: "POST", path: "/keys/export", handle: downloadKeys },
  { method: "GET", path: "/keys/:id/reveal", handle: (context) => askForReveal(context) },
  { method: "POST", path: "/keys/:id/reveal", handle: revealKey },
  { method: "GET", path: "/keys/filter", handle: askForFilter },
  { method: "GET", path: "/keys/columns", handle: askForColumns },
  { method: "POST", path: "/keys/bulk", handle: changeKeys },
  { method: "GET", path: "/keys/bulk", handle: () => redirect("/keys") },
  { method: "POST", path: "/keys/bulk/:id/stop", handle: stopChange },
  { method: "POST", path: "/keys/bulk/:id/undo", handle: undoChange },
  { method: "GET", path: "/keys/:id", handle: showKey },
  { method: "POST", path: "/keys/:id", handle: changeKey },
  { method: "GET", path: "/keys/:id/edit", handle: askForChanges },
  { method: "GET", path: "/keys/:id/field", handle: showField },
  { method: "POST", path: "/keys/:id/field", handle: changeField },
  { method: "POST", path: "/keys/:id/enable", handle: enableKey },
  { method: "POST", path: "/keys/:id/disable", handle: disableKey },
  { method: "POST", path: "/keys/:id/reset", handle: resetKey },
  { method: "POST", path: "/keys/:id/test", handle: testKey },
  { method: "POST", path: "/keys/:id/delete", handle: deleteKey },
  { method: "POST", path: "/keys/:id/restore", handle: restoreKey },
  { method: "GET", path: "/stats", handle: showStats },
  { method: "GET", path: "/stats/csv", handle: downloadStats },
  { method: "GET", path: "/stats/reset", handle: askForStatsReset },
  { method: "POST", path: "/stats/reset", handle: resetStats },
  { method: "GET", path: "/pools", handle: showPools },
  { method: "POST", path: "/pools", handle: addPool },
  { method: "GET", path: "/pools/add", handle: askForPool },
  { method: "GET", path: "/pools/:id", handle: showPool },
  { method: "POST", path: "/pools/:id", handle: changePool },
  { method: "GET", path: "/pools/:id/edit", handle: askForPoolChanges },
  { method: "POST", path: "/pools/:id/keys", handle: movePoolKeys },
  { method: "GET", path: "/pools/:id/delete", handle: askForPoolDeletion },
  { method: "POST", path: "/pools/:id/delete", handle: deletePool },
  { method: "GET", path: "/upstreams", handle: showUpstreams },
  { method: "POST", path: "/upstreams", handle: addUpstream },
  { method: "GET", path: "/upstreams/add", handle: askForUpstream },
  { method: "POST", path: "/upstreams/try", handle: tryAddress },
  { method: "GET", path: "/upstreams/try", handle: () => redirect("/upstreams/add") },
  { method: "GET", path: "/upstreams/:id", handle: showUpstream },
  { method: "POST", path: "/upstreams/:id", handle: changeUpstream },
  { method: "GET", path: "/upstreams/:id/edit", handle: askForUpstreamChanges },
  { method: "POST", path: "/upstreams/:id/default", handle: makeDefault },
  { method: "POST", path: "/upstreams/:id/test", handle: testUpstream },
  { method: "GET", path: "/upstreams/:id/delete", handle: askForUpstreamDeletion },
  { method: "POST", path: "/upstreams/:id/delete", handle: deleteUpstream },
  { method: "GET", path: "/logs", handle: showLogs },
  { method: "GET", path: "/logs/filter", handle: askForLogFilter },
  { method: "GET", path: "/logs/tail", handle: followLogs },
  { method: "GET", path: "/logs/:id", handle: showRequest },
  { method: "GET", path: "/playground", handle: showPlayground },
  { method: "POST", path: "/playground", handle: sendMessage },
  { method: "POST", path: "/playground/new", handle: newChat },
  { method: "POST", path: "/playground/code", handle: showCode },
  { method: "GET", path: "/playground/models", handle: listModels },
  { method: "POST", path: "/playground/answers/:id/stop", handle: stopAnswer },
  { method: "GET", path: "/playground/prompts", handle: listPrompts },
  { method: "POST", path: "/playground/prompts", handle: savePrompt },
  { method: "GET", path: "/playground/prompts/:id/delete", handle: askForPromptDeletion },
  { method: "POST", path: "/playground/prompts/:id/delete", handle: deletePrompt },
  { method: "GET", path: "/settings", handle: showSettings },
  { method: "POST", path: "/settings", handle: saveSettings },
  { method: "GET", path: "/settings/reset", handle: askForReset },
  { method: "POST", path: "/settings/reset", handle: resetSettings },
  { method: "POST", path: "/settings/endpoint/test", handle: testEndpoint },
  { method: "POST", path: "/settings/alerts/test", handle: testAlert },
  { method: "GET", path: "/settings/security", handle: showSecurity },
  { method: "POST", path: "/settings/security/password", handle: changePassword },
  { method: "POST", path: "/settings/security/sessions/end", handle: endSession },
  { method: "POST", path: "/settings/security/sessions/end-others", handle: endOtherSessions },
  { method: "GET", path: "/settings/about", handle: showAbout },
  { method: "GET", path: "/settings/about/licenses", handle: showLicenses },
  { method: "GET", path: "/settings/data", handle: showData },
  { method: "GET", path: "/settings/data/cleanup", handle: askForCleanup },
  { method: "POST", path: "/settings/data/cleanup", handle: cleanUp },
  { method: "GET", path: "/settings/data/statistics", handle: askForStatisticsReset },
  { method: "POST", path: "/settings/data/statistics", handle: resetStatistics },
  { method: "POST", path: "/settings/data/export", handle: downloadExport },
  { method: "GET", path: "/settings/data/export", handle: () => redirect("/settings/data#export") },
  { method: "POST", path: "/settings/data/import", handle: importFile },
  { method: "GET", path: "/settings/data/import", handle: () => redirect("/settings/data#import") },
  { method: "POST", path: "/settings/data/backup", handle: downloadBackup },
  { method: "POST", path: "/settings/data/backups", handle: backUpNow },
  { method: "GET", path: "/settings/data/backups/:id", handle: downloadKeptBackup },
  { method: "GET", path: "/settings/data/backups", handle: () => redirect("/settings/data#backups") },
  { method: "GET", path: "/settings/data/backup", handle: () => redirect("/settings/data#backups") },
  { method: "GET", path: "/api/admin/docs", handle: showApiDocs },
];

/** The admin pages as an Elysia plugin. Forms are read by the handlers, after it is known who asks. */
export function createPages(deps: PageDeps) {
  const memory = { tests: new KeyTests(), running: new RunningAnswers() };
  const app = new Elysia({ name: "pages" });
  const answer = async (row: PageRoute, request: Request, params: unknown) => {
    const id = (params as { id?: string } | undefined)?.id ?? "";
    return compressed(await answerPage(row, id, request, deps, memory), request);
  };
  for (const row of PAGES) {
    app.route(row.method, row.path, ({ request, params }) => answer(row, request, params), { parse: "none" });
  }
  for (const [path, rows] of Map.groupBy(PAGES, (row) => row.path)) {
    const get = rows.find((row) => row.method === "GET");
    const allow = [...rows.map((row) => row.method), ...(get ? ["HEAD"] : [])].join(", ");
    app.all(
      path,
      async ({ request, params }) => {
        if (request.method !== "HEAD" || get === undefined) return notAllowed(allow);
        const { status, headers, body } = await answer(get, request, params);
        await body?.cancel();
        return new Response(null, { status, headers });
      },
      { parse: "none" },
    );
  }
  return app;
}

function notAllowed(allow: string): Response {
  return new Response(`This page takes ${allow}.\n`, {
    status: 405,
    headers: { allow, "content-type": "text/plain" },
  });
}
