import type { Static, TSchema } from "elysia";
import type { Actor } from "../../operations/types.ts";

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** What a handler gets: checked input and who calls. */
interface Call<Body, Query> {
  /** The `:id` of the path; empty where it has none. */
  id: string;
  query: Query;
  body: Body;
  actor: Actor;
}

/** One row of the table in `api.ts`; routing, checks and the API's description are made from it. */
export interface Route {
  method: Method;
  /** Below `/api/admin`, with `:id` for one thing. */
  path: string;
  summary: string;
  query: TSchema | null;
  /** `text`: the body as it came, whatever its type. */
  body: TSchema | "text" | null;
  /** Of the answer when all went well; 204 where the handler answers nothing. */
  status: number;
  /** It waits for an upstream: the runtime's idle limit must not cut it off. */
  isSlow: boolean;
  handle(call: Call<unknown, unknown>): Promise<unknown>;
}

type BodyOf<Body> = Body extends TSchema ? Static<Body> : Body extends "text" ? string : null;
type QueryOf<Query> = Query extends TSchema ? Static<Query> : null;

interface Definition<Body, Query> {
  method: Method;
  path: string;
  summary: string;
  query?: Query;
  body?: Body;
  status?: number;
  isSlow?: boolean;
  handle(call: Call<BodyOf<Body>, QueryOf<Query>>): Promise<unknown>;
}

/** Gives a row's handler the types of its schemas. What it gets was checked against them (`call.ts`). */
export function route<Body extends TSchema | "text" | null = null, Query extends TSchema | null = null>(
  definition: Definition<Body, Query>,
): Route {
  return {
    query: null,
    body: null,
    status: 200,
    isSlow: false,
    ...definition,
    handle: (call) => definition.handle(call as Call<BodyOf<Body>, QueryOf<Query>>),
  };
}
