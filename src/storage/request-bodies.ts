import type { KeptBodies, KeptBody, KeptHeader } from "../types.ts";
import type { Sql } from "./database.ts";
import { defineTable, flag, json, plain } from "./table.ts";

interface BodiesRow {
  rowId: number;
  request: string | null;
  requestIsCut: boolean;
  response: string | null;
  responseIsCut: boolean;
  requestHeaders: KeptHeader[];
  responseHeaders: KeptHeader[];
}
const bodies = defineTable<BodiesRow>("request_bodies", {
  rowId: plain(),
  request: plain<string | null>(),
  requestIsCut: flag,
  response: plain<string | null>(),
  responseIsCut: flag,
  requestHeaders: json<KeptHeader[]>(),
  responseHeaders: json<KeptHeader[]>(),
});
const INSERT = `INSERT INTO request_bodies (${bodies.columns}) VALUES (${bodies.placeholders})`;
const READ = `SELECT ${bodies.columns} FROM request_bodies WHERE row_id = ?`;

/** @param place The request's row id. */
export function insertBodies(sql: Sql, place: number, kept: KeptBodies): void {
  const { request, response, requestHeaders, responseHeaders } = kept;
  const isEmpty = requestHeaders.length === 0 && responseHeaders.length === 0;
  if (request === null && response === null && isEmpty) return;
  const row = {
    rowId: place,
    request: request?.text ?? null,
    requestIsCut: request?.isCut === true,
    response: response?.text ?? null,
    responseIsCut: response?.isCut === true,
    requestHeaders,
    responseHeaders,
  };
  sql.run(INSERT, ...bodies.encode(row));
}

export function readBodies(sql: Sql, place: number): KeptBodies | null {
  const found = sql.get(READ, place);
  if (found === null) return null;
  const row = bodies.decode(found);
  return {
    request: keptBody(row.request, row.requestIsCut),
    response: keptBody(row.response, row.responseIsCut),
    requestHeaders: row.requestHeaders,
    responseHeaders: row.responseHeaders,
  };
}

function keptBody(text: string | null, isCut: boolean): KeptBody | null {
  return text === null ? null : { text, isCut };
}
