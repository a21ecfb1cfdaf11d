import type { Static, TSchema } from "elysia";
import type { Seen } from "../../operations/revision.ts";
import type { Actor } from "../../operations/types.ts";

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** What a handler gets: checked input and who calls. */
interface Call<Body, Query> {
  /** The `:id` of the path; empty where it has none. */
  id: string;
  query: Query;
  body: Body;
  actor: Actor;
  /** For what is given in headers. */
  request: Request;
  /** The revisions that `If-Match` names, where the row says `revised`. */
  seen: Seen;
}

/** An answer with the revision of what it shows, which becomes its `etag`. */
export class Revised<Json> {
  constructor(
    readonly json: Json,
    readonly revision: string,
  ) {}
}

/** What is answered: JSON of this shape, a file or stream of one of these media types, or nothing (204). */
type Answer = TSchema | readonly string[] | null;

/** One row of the table in `api.ts`; routing, checks and the API's description are made from it. */
export interface Route {
  method: Method;
  /** Below `/api/admin`, with `:id` for one thing. */
  path: string;
  /** One line. */
  summary: string;
  /** What the line has no room for. */
  detail: string;
  query: TSchema | null;
  /** Headers of its own that it reads, each with what it means. */
  headers: Readonly<Record<string, string>>;
  /** `text`: the body as it came, whatever its type. */
  body: TSchema | "text" | null;
  /** By media type: what a body may be where `body` doesn't tell, because the operation reads it. */
  accepts: Record<string, TSchema> | null;
  answer: Answer;
  /** Of the answer when all went well; 204 where the handler answers nothing. */
  status: number;
  /** It shows or changes one thing that has revisions: answers come with an `etag`, changes take `If-Match`. */
  revised: boolean;
  /** Statuses that it answers beside those that its method and input let expect (`error-cases.ts`). */
  errors: readonly number[];
  /** It waits for an upstream: the runtime's idle limit must not cut it off. */
  isSlow: boolean;
  handle(call: Call<unknown, unknown>): Promise<unknown>;
}

type BodyOf<Body> = Body extends TSchema ? Static<Body> : Body extends "text" ? string : null;
type QueryOf<Query> = Query extends TSchema ? Static<Query> : null;
type AnswerOf<Given> = Given extends TSchema
  ? Static<Given>
  : Given extends readonly string[]
    ? Response
    : unknown;

interface Definition<Body, Query, Given> {
  method: Method;
  path: string;
  summary: string;
  detail?: string;
  query?: Query;
  headers?: Readonly<Record<string, string>>;
  body?: Body;
  accepts?: Record<string, TSchema>;
  answer?: Given;
  status?: number;
  revised?: boolean;
  errors?: readonly number[];
  isSlow?: boolean;
  /** A response is a stream of that shape. */
  handle(
    call: Call<BodyOf<Body>, QueryOf<Query>>,
  ): Promise<AnswerOf<Given> | Revised<AnswerOf<Given>> | Response>;
}

/**
 * Gives a row's handler the types of its schemas. What it gets was checked against them (`call.ts`); what it answers
 * is held to its schema by the compiler.
 */
export function route<
  Body extends TSchema | "text" | null = null,
  Query extends TSchema | null = null,
  Given extends Answer = null,
>(definition: Definition<Body, Query, Given>): Route {
  return {
    detail: "",
    query: null,
    headers: {},
    body: null,
    accepts: null,
    answer: null,
    isSlow: false,
    revised: false,
    errors: [],
    status: 200,
    ...definition,
    handle: (call) => definition.handle(call as Call<BodyOf<Body>, QueryOf<Query>>),
  };
}

/** Changes of one thing that has revisions. */
export function takesIfMatch({ method, revised }: Route): boolean {
  return revised && (method === "PATCH" || method === "DELETE");
}

/** Creates may be repeated under one `Idempotency-Key`. */
export function takesIdempotencyKey({ method, status }: Route): boolean {
  return method === "POST" && status === 201;
}
