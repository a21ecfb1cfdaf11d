import { readFileSync, statSync } from "node:fs";
import { Days } from "../../record/days.ts";
import { type Settings, toStored } from "../../settings.ts";
import type { ExportHead } from "../../storage/transfer-schema.ts";
import type { LoadRow } from "../../storage/types.ts";
import { ConflictError, InputError, type KeyEvent, type RequestRecord } from "../../types.ts";
import type { OperationsParts } from "../deps.ts";
import { createEvent } from "../key-events.ts";
import { configOf } from "../key-store.ts";
import { MAX_IMPORT_BYTES } from "../key-text.ts";
import { sealSettings } from "../secret-settings.ts";
import type { ImportOptions, KeyOperations, TransferReport } from "../types.ts";
import { EarlierExport, importEarlier, type TakeOver } from "./import-earlier.ts";
import { formOf, type ImportForm, piecesOf, placeOf, RowReader, refused } from "./import-file.ts";
import { type FileConfig, type ImportPlan, planImport } from "./import-plan.ts";
import { openUnder } from "./passphrase.ts";
import { plainFile } from "./spool.ts";

const MAX_PROBLEMS = 50;
/** Skipped rows that a report names. */
const MAX_TOLD = 1_000;

interface Found {
  head: Partial<ExportHead>;
  config: Omit<FileConfig, "settings" | "box">;
  rows: number;
  /** The earlier version's full export, as far as it is small. */
  earlier: EarlierExport;
  isEarlier: boolean;
}

/**
 * Reads a file twice: once to check every row, once, in one transaction, to take it in. So whatever is wrong with it,
 * and whatever happens on the way, nothing of it is there, or all.
 */
export function createImport(
  parts: OperationsParts,
  keys: Pick<KeyOperations, "addMany" | "checkMany">,
  takeOver: TakeOver,
) {
  return async (file: string, options: ImportOptions): Promise<TransferReport> => {
    using plain = await plainFile(file, parts.dataDir, parts.clock.id());
    const form = formOf(plain.path);
    if (form === "keys") return importKeys(keys, plain.path, options);
    const found = await check(plain.path, form, options);
    if (found.rows > (options.maxRows ?? Number.POSITIVE_INFINITY)) throw tooManyToServe(found.rows);
    if (found.isEarlier) return await importEarlier(takeOver, plain.path, found.earlier, options);
    return await parts.change(() => takeIn(parts, plain.path, form, found, options));
  };
}

async function importKeys(
  keys: Pick<KeyOperations, "addMany" | "checkMany">,
  path: string,
  { actor, dryRun = false }: ImportOptions,
): Promise<TransferReport> {
  if (statSync(path).size > MAX_IMPORT_BYTES)
    throw refused(
      `it is no export of this program, and a list of keys may have at most ${MAX_IMPORT_BYTES / 2 ** 20} MiB`,
    );
  const text = readFileSync(path, "utf8");
  const { count, skipped } = dryRun
    ? await keys.checkMany(text, {}).then(({ addable, skipped }) => ({ count: addable, skipped }))
    : await keys.addMany(text, {}, actor).then(({ added, skipped }) => ({ count: added.length, skipped }));
  return {
    added: { keys: count },
    present: {},
    skipped: skipped.map(({ row, reason }) => ({ place: `row ${row}`, reason })),
    skippedMore: 0,
  };
}

/** Every row against the schema, with rests, so that requests go on meanwhile. */
async function check(path: string, form: ImportForm, { progress }: ImportOptions): Promise<Found> {
  const reader = new RowReader();
  const total = statSync(path).size;
  const problems: Record<string, string> = {};
  const found: Found = {
    head: {},
    config: { upstreams: [], pools: [], keys: [], rotations: [] },
    rows: 0,
    earlier: new EarlierExport(),
    isEarlier: false,
  };
  const onRead = (bytes: number) => progress?.({ step: "checked", done: bytes, total, unit: "bytes" });
  for (const pieces of piecesOf(path, form, onRead)) {
    for (const piece of pieces) {
      if (found.earlier.take(piece)) {
        found.isEarlier = true;
        continue;
      }
      const wrong = Object.entries(reader.problems(piece));
      for (const [field, problem] of wrong) problems[`${placeOf(piece)}: ${field}`] = problem;
      if (Object.keys(problems).length >= MAX_PROBLEMS) throw wrongRows(problems);
      if (wrong.length > 0) continue;
      if (piece.row === null) Object.assign(found.head, { [piece.path]: piece.value });
      else if (reader.longRow(piece) !== null) found.rows += 1;
      else gather(found.config, reader, piece.path, piece.row, piece.value);
    }
    await Bun.sleep(0);
  }
  if (Object.keys(problems).length > 0) throw wrongRows(problems);
  if (
    form === "document" &&
    !found.isEarlier &&
    (found.head.format === undefined || found.head.version === undefined)
  )
    throw refused('it does not say "format" and "version": this is no export of this program');
  return found;
}

function gather(config: Found["config"], reader: RowReader, list: string, row: number, value: unknown): void {
  const item = reader.decode(list as keyof Found["config"], value);
  if (list === "rotations") config.rotations.push(item as never);
  else config[list as "keys"].push({ row, item: item as never });
}

async function takeIn(
  parts: OperationsParts,
  path: string,
  form: ImportForm,
  found: Found,
  { passphrase, actor, dryRun = false, progress }: ImportOptions,
): Promise<TransferReport> {
  const { storage, clock, settings, secretBox } = parts;
  const { secrets } = found.head;
  const box = typeof secrets === "object" ? await openUnder(passphrase, secrets) : null;
  const plan = planImport(parts, { ...found.config, settings: found.head.settings ?? {}, box });
  if (Object.keys(plan.problems).length > 0) throw wrongRows(plan.problems);
  const days = new Days(() => ({ ...settings.current, ...plan.settings }).dailyResetTimeZone);
  await storage.rollups.fold(days.startOf);
  const hasStatistics = (await storage.rollups.oldest()) !== null;
  const counts = await storage.takeIn(
    {
      removedUpstreams: plan.removedUpstreams,
      upstreams: plan.upstreams,
      defaultUpstream: null,
      settings: sealSettings(toStored(plan.settings), secretBox),
      facts: {},
      pools: plan.pools,
      keys: plan.keys.map(({ stored }) => stored),
      keyStates: plan.keys.flatMap(({ state }) => (state === null ? [] : [state])),
      keyEvents:
        form === "document" && !isBare(found)
          ? []
          : [createEvent(clock, actor, "imported", `${found.rows} rows of a log`)],
      requests: [],
      rotations: plan.rotations,
      rows: rowsOf(path, form, plan.ids),
      statistics:
        form === "document" && !hasStatistics && found.head.format !== undefined ? "taken" : "counted",
    },
    {
      dayOf: days.startOf,
      now: clock.now(),
      dryRun,
      progress: (done) => progress?.({ step: "taken in", done, total: found.rows, unit: "rows" }),
    },
  );
  if (!dryRun) await remember(parts, plan);
  return {
    added: {
      upstreams: plan.upstreams.length,
      pools: plan.pools.length,
      keys: plan.keys.length,
      settings: Object.keys(plan.settings).length,
      requests: counts.added,
    },
    present: { requests: counts.present, requests_in_statistics: counts.countedBefore },
    skipped: plan.skipped.slice(0, MAX_TOLD),
    skippedMore: Math.max(0, plan.skipped.length - MAX_TOLD),
  };
}

/** A document that has no key events of its own would leave no trace of the import. */
function isBare({ config }: Found): boolean {
  return config.keys.length === 0;
}

function* rowsOf(path: string, form: ImportForm, ids: ReadonlyMap<string, string>): Generator<LoadRow> {
  const reader = new RowReader();
  const here = (id: string) => ids.get(id) ?? id;
  for (const pieces of piecesOf(path, form)) {
    for (const piece of pieces) {
      const row = piece.row === null ? null : reader.longRow(piece);
      if (row !== null) yield ids.size === 0 ? row : withIds(row, here);
    }
  }
}

function withIds(row: LoadRow, here: (id: string) => string): LoadRow {
  if (row.list === "requests") return { list: "requests", item: requestWith(row.item, here) };
  if (row.list === "key_events") return { list: "key_events", item: eventWith(row.item, here) };
  if (row.list === "resource_owners")
    return { list: "resource_owners", item: { ...row.item, keyId: here(row.item.keyId) } };
  return { list: "statistics", item: { ...row.item, value: here(row.item.value) } };
}

function requestWith(request: RequestRecord, here: (id: string) => string): RequestRecord {
  const attempts = request.attempts.map((attempt) => ({
    ...attempt,
    keyId: here(attempt.keyId),
    upstreamId: here(attempt.upstreamId),
  }));
  return { ...request, poolId: request.poolId === null ? null : here(request.poolId), attempts };
}

function eventWith(event: KeyEvent, here: (id: string) => string): KeyEvent {
  return { ...event, keyId: event.keyId === null ? null : here(event.keyId) };
}

/** What storage has taken, into memory. */
async function remember(parts: OperationsParts, plan: ImportPlan): Promise<void> {
  const { inventory, settings, pool } = parts;
  for (const id of plan.removedUpstreams) inventory.upstreams.delete(id);
  for (const upstream of plan.upstreams) inventory.upstreams.set(upstream.id, upstream);
  for (const group of plan.pools) inventory.pools.set(group.id, group);
  const next: Settings = { ...settings.current, ...plan.settings };
  if (Object.keys(plan.settings).length > 0) settings.replace(next);
  parts.upstreamsChanged([...inventory.upstreams.values()]);
  parts.poolsChanged([...inventory.pools.values()]);
  for (const { stored, secret, state } of plan.keys) {
    const { id, name, fingerprint, upstreamId } = stored;
    inventory.putKey(id, name, { secret, fingerprint, upstreamId });
    if (state === null) pool.put(configOf(stored), secret);
    else pool.restore(configOf(stored), secret, state);
  }
  for (const { name, keyId, used } of plan.rotations) pool.restoreRotation(name, keyId, used);
  await parts.restoreLive();
}

function wrongRows(problems: Record<string, string>): InputError {
  const [first] = Object.entries(problems);
  const more = Object.keys(problems).length - 1;
  const others =
    more === 0 ? "" : more >= MAX_PROBLEMS - 1 ? ", and many more like it" : `, and ${more} more`;
  return new InputError(`Nothing was imported: ${first?.[0]}: ${first?.[1]}${others}.`, problems);
}

function tooManyToServe(rows: number): ConflictError {
  return new ConflictError(
    `The file has ${rows.toLocaleString("en")} rows of logs, too many to be taken in while this program serves: stop it and run ` +
      "`load-balancer import FILE`.",
  );
}
