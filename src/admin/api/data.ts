import { t } from "elysia";
import type {
  ExportSecrets,
  KeptBackup,
  TransferOperations,
  TransferReport,
} from "../../operations/types.ts";
import { PASSWORD_HEADER } from "./admin-password.ts";
import { backupAnswer, pageOf } from "./answers.ts";
import { ApiError } from "./errors.ts";
import { type Route, route } from "./route.ts";
import { oneOf } from "./schemas.ts";

const PASSPHRASE = "x-export-passphrase";
/** So many rows of logs come in within some two seconds, in which nobody is served; more of them by a command. */
export const MAX_ROWS_WHILE_SERVING = 50_000;
/** Ten times what so many rows usually have; it lies on the disk until all of it was read. */
const MAX_IMPORT_BYTES = 512 * 1024 * 1024;

interface DataRouteDeps {
  transfer: TransferOperations;
  confirmPassword(request: Request): Promise<void>;
  now(): number;
}

const reportAnswer = t.Object({
  added: t.Record(t.String(), t.Number()),
  present: t.Record(t.String(), t.Number()),
  skipped: t.Array(t.Object({ place: t.String(), reason: t.String() })),
  skipped_more: t.Number(),
});

export function dataRoutes({ transfer, confirmPassword, now }: DataRouteDeps): Route[] {
  return [
    route({
      method: "GET",
      path: "/data/export",
      summary: "Everything as one JSON document, as docs/export.schema.json describes it",
      detail:
        "The keys' secrets are in it with `secrets=plain`, or with `secrets=sealed` under the passphrase in the header " +
        `\`${PASSPHRASE}\`; both ask for the admin password in \`x-admin-password\`. Password and sessions are never in it.`,
      query: t.Object({ secrets: t.Optional(oneOf(["none", "plain", "sealed"])) }),
      headers: { ...PASSWORD_HEADER, [PASSPHRASE]: "what secrets are sealed under, with `secrets=sealed`" },
      answer: t.Object({ format: t.String(), version: t.Number() }, { additionalProperties: true }),
      errors: [429],
      isSlow: true,
      async handle({ query, actor, request }) {
        const asked = query.secrets ?? "none";
        if (asked !== "none") await confirmPassword(request);
        const secrets: ExportSecrets =
          asked === "sealed" ? { passphrase: request.headers.get(PASSPHRASE) ?? "" } : asked;
        const pieces = await transfer.exportAll({ secrets, actor });
        return exportDownload(pieces, now());
      },
    }),
    route({
      method: "POST",
      path: "/data/import",
      summary:
        "Takes in an export of this program or the earlier one, an archive of the log, or keys in any form",
      detail:
        "All of it or nothing, packed by gzip or zstd too. Only adds: what is here already stays and is told of. " +
        `\`${PASSPHRASE}\` is the passphrase of a file with sealed secrets. More than ` +
        `${MAX_IMPORT_BYTES / 2 ** 20} MiB, or a log of more than ${MAX_ROWS_WHILE_SERVING} rows, is refused while the ` +
        "program serves: stop it and use `load-balancer import`.",
      query: t.Object({ dry_run: t.Optional(oneOf(["true", "false"])) }),
      headers: { [PASSPHRASE]: "of a file with sealed secrets" },
      accepts: { "application/json": t.Unknown({ examples: [["sk-a-key-for-the-import"]] }) },
      answer: reportAnswer,
      errors: [409, 413],
      isSlow: true,
      async handle({ query, actor, request }) {
        const report = await transfer.importStream(chunksOf(request), {
          passphrase: request.headers.get(PASSPHRASE) ?? undefined,
          dryRun: query.dry_run === "true",
          maxRows: MAX_ROWS_WHILE_SERVING,
          actor,
        });
        return reportJson(report);
      },
    }),
    route({
      method: "POST",
      path: "/backup",
      summary: "A consistent copy of the database as a download",
      detail: "The secret key is not in it: without it the upstream keys in the copy cannot be read.",
      answer: ["application/vnd.sqlite3"],
      isSlow: true,
      handle: async () => backupDownload(await transfer.backupFile()),
    }),
    route({
      method: "GET",
      path: "/backups",
      summary: "Backups in the data folder, newest first",
      detail: "The settings `backup_schedule` and `backup_keep` say when, and how many stay.",
      answer: pageOf(backupAnswer),
      handle: async () => ({ data: transfer.backups().map(backupJson), next_cursor: null }),
    }),
    route({
      method: "POST",
      path: "/backups",
      summary: "Writes a backup into the data folder now",
      detail: "The oldest beyond `backup_keep` go. The secret key is not in it.",
      status: 201,
      answer: backupAnswer,
      errors: [409],
      isSlow: true,
      handle: async () => backupJson(await transfer.backUp()),
    }),
    route({
      method: "GET",
      path: "/backups/:id",
      summary: "One of the backups as a download, by its name",
      answer: ["application/vnd.sqlite3"],
      errors: [409],
      isSlow: true,
      handle: async ({ id }) => backupDownload(await transfer.keptBackup(id)),
    }),
  ];
}

/** A full export as a file of its day. */
export function exportDownload(pieces: AsyncGenerator<string>, now: number): Response {
  const encoder = new TextEncoder();
  return download(pieces, (piece) => encoder.encode(piece), {
    type: "application/json; charset=utf-8",
    name: `load-balancer-${new Date(now).toISOString().slice(0, 10)}.json`,
  });
}

/** A copy of the database as a file. */
export function backupDownload(copy: Awaited<ReturnType<TransferOperations["backupFile"]>>): Response {
  const { name, sizeBytes, bytes } = copy;
  return download(bytes, (piece) => piece, { type: "application/vnd.sqlite3", name, sizeBytes });
}

/** The body as it comes. @throws ApiError 413 as soon as more is told or has come than is allowed. */
async function* chunksOf(request: Request): AsyncGenerator<Uint8Array> {
  let size = 0;
  const add = (bytes: number) => {
    size += bytes;
    if (size <= MAX_IMPORT_BYTES) return;
    const most = `The file may have at most ${MAX_IMPORT_BYTES / 2 ** 20} MiB while this program serves`;
    throw new ApiError(413, "request_too_large", `${most}: stop it and run \`load-balancer import FILE\`.`);
  };
  const told = Number(request.headers.get("content-length") ?? 0);
  if (told > MAX_IMPORT_BYTES) add(told);
  const reader = request.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    add(part.value.byteLength);
    yield part.value;
  }
}

function backupJson({ name, at, sizeBytes }: KeptBackup) {
  return { name, at: new Date(at).toISOString(), size_bytes: sizeBytes };
}

function reportJson({ added, present, skipped, skippedMore }: TransferReport) {
  return { added, present, skipped, skipped_more: skippedMore };
}

/** Sent as it is read; whoever goes away ends the reading. */
function download<Piece>(
  pieces: AsyncGenerator<Piece>,
  encode: (piece: Piece) => Uint8Array,
  { type, name, sizeBytes }: { type: string; name: string; sizeBytes?: number },
): Response {
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(encode(value));
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    new CountQueuingStrategy({ highWaterMark: 0 }),
  );
  return new Response(body, {
    headers: {
      "content-type": type,
      "content-disposition": `attachment; filename="${name}"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...(sizeBytes !== undefined && { "content-length": String(sizeBytes) }),
    },
  });
}
