import type { LogOperations, LogQuery } from "../../operations/types.ts";
import { csvLine } from "../csv.ts";
import { keyEventJson, requestJson } from "../present.ts";

/** One page in memory at a time; the next is read when the client has taken this one. */
const ROWS_A_PAGE = 250;

export const EXPORT_FORMATS = ["jsonl", "csv"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
type Row = Record<string, unknown>;

interface Writer {
  type: string;
  head(columns: readonly string[]): string;
  row(row: Row, columns: readonly string[]): string;
}

const writers: Record<ExportFormat, Writer> = {
  jsonl: {
    type: "application/x-ndjson",
    head: () => "",
    row: (row) => `${JSON.stringify(row)}\n`,
  },
  csv: {
    type: "text/csv",
    head: csvLine,
    row: (row, columns) => csvLine(columns.map((column) => row[column])),
  },
};

const REQUEST_COLUMNS =
  "id started_at endpoint model served_model stream pool_id client_address user_agent status outcome ttft_ms duration_ms input_tokens output_tokens cached_tokens reasoning_tokens usage_source cost_usd request_bytes response_bytes error attempts".split(
    " ",
  );
const EVENT_COLUMNS = "id at event key_id key_name detail actor".split(" ");

/** The whole log that fits the filters as a download, newest first, with flat memory. @param day for its name. */
export function exportLog(
  logs: LogOperations,
  query: Omit<LogQuery, "limit" | "cursor">,
  format: ExportFormat,
  day: string,
): Response {
  const writer = writers[format];
  const isEvents = query.kind === "key_event";
  const columns = isEvents ? EVENT_COLUMNS : REQUEST_COLUMNS;
  const encoder = new TextEncoder();
  let cursor: string | null = null;
  let isFirst = true;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let text = isFirst ? writer.head(columns) : "";
        isFirst = false;
        // A page may be empty though others follow; `pull` must bring something.
        do {
          const asked: LogQuery = { ...query, limit: ROWS_A_PAGE, cursor };
          const { rows, nextCursor } = await readRows(logs, asked, isEvents);
          for (const row of rows) text += writer.row(row, columns);
          cursor = nextCursor;
        } while (text === "" && cursor !== null);
        if (text !== "") controller.enqueue(encoder.encode(text));
        if (cursor === null) controller.close();
      },
    },
    new CountQueuingStrategy({ highWaterMark: 0 }),
  );
  return new Response(body, {
    headers: {
      "content-type": `${writer.type}; charset=utf-8`,
      "content-disposition": `attachment; filename="${isEvents ? "key-events" : "requests"}-${day}.${format}"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

async function readRows(
  logs: LogOperations,
  query: LogQuery,
  isEvents: boolean,
): Promise<{ rows: Row[]; nextCursor: string | null }> {
  if (isEvents) {
    const { data, nextCursor } = await logs.keyEvents(query);
    return { rows: data.map(keyEventJson), nextCursor };
  }
  const { data, nextCursor } = await logs.requests(query);
  return { rows: data.map(requestJson), nextCursor };
}
