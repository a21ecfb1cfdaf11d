import type { KeptBodies, KeptBody } from "../types.ts";
import type { Sql } from "./database.ts";
import { defineTable, flag, plain } from "./table.ts";

interface BodiesRow {
  rowId: number;
  request: string | null;
  requestIsCut: boolean;
  response: string | null;
  responseIsCut: boolean;
}
const bodies = defineTable<BodiesRow>("request_bodies", {
  rowId: plain(),
  request: plain<string | null>(),
  requestIsCut: flag,
  response: plain<string | null>(),
  responseIsCut: flag,
});
const INSERT = `INSERT INTO request_bodies (${bodies.columns}) VALUES (${bodies.placeholders})`;
const READ = `SELECT ${bodies.columns} FROM request_bodies WHERE row_id = ?`;

/** @param place The request's row id. */
export function insertBodies(sql: Sql, place: number, { request, response }: KeptBodies): void {
  if (request === null && response === null) return;
  const row = {
    rowId: place,
    request: request?.text ?? null,
    requestIsCut: request?.isCut === true,
    response: response?.text ?? null,
    responseIsCut: response?.isCut === true,
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
  };
}

function keptBody(text: string | null, isCut: boolean): KeptBody | null {
  return text === null ? null : { text, isCut };
}
