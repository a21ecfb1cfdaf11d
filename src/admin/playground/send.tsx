import { type FinishedTurnProps, RunningTurn, UserTurn } from "../../../views/components/chat-turn.tsx";
import { PlaygroundForm, type PlaygroundState } from "../../../views/playground.tsx";
import { InputError, type RequestRecord } from "../../types.ts";
import { keyNames } from "../key-names.ts";
import type { PageContext } from "../page-context.ts";
import { readForm } from "../page-form.ts";
import { htmlResponse } from "../render.tsx";
import { type ChatAnswer, readChatAnswer, type Said } from "./chat-answer.ts";
import { checkedBodyOf, readState, throughOf } from "./form.ts";
import { formProps, playgroundPage } from "./page.tsx";
import { type Asking, streamParts } from "./stream.tsx";

/** Asks, and shows the answer: as it comes to an open page, whole to a reader without scripts. */
export async function sendMessage(context: PageContext): Promise<Response> {
  const { deps, request } = context;
  const state = readState(await readForm(request));
  let body: Record<string, unknown>;
  try {
    body = checkedBodyOf(state);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (context.part === null) return playgroundPage(context, state, { errors: error.fields });
    return htmlResponse(<PlaygroundForm {...(await formProps(context, state, error.fields))} />, 422);
  }
  if (state.promptId !== "") await deps.operations.prompts.used(state.promptId);
  deps.keepOpen(request);
  const id = deps.clock.id();
  const asking = beginAsking(context, id, state, JSON.stringify(body));
  if (context.part === null) return wholeAnswer(context, state, await asking.finish(() => {}));
  const begin = (
    <>
      <UserTurn text={state.message} />
      <RunningTurn id={id} model={state.model} />
    </>
  );
  return streamParts({ id, begin, asking });
}

async function wholeAnswer(
  context: PageContext,
  state: PlaygroundState,
  turn: FinishedTurnProps,
): Promise<Response> {
  const isKept = turn.error === null;
  return playgroundPage(context, { ...state, message: isKept ? "" : state.message }, { latest: turn });
}

function beginAsking(context: PageContext, id: string, state: PlaygroundState, body: string): Asking {
  const { deps, running, request } = context;
  const controller = running.begin(id);
  const abort = () => controller?.abort();
  request.signal.addEventListener("abort", abort);
  const finish = async (onPiece: (piece: Said) => void): Promise<FinishedTurnProps> => {
    const none: ChatAnswer = { text: "", reasoning: "", error: null };
    if (controller === null)
      return turnOf({ ...none, error: "Too many answers are running: stop one." }, null);
    const { signal } = controller;
    try {
      const { address } = deps.clientOf(request);
      const call = { body, ...throughOf(state.through), clientAddress: address, signal };
      const { response, record } = await deps.playground.ask(call);
      const answer = await readChatAnswer(cancelledBy(response, signal), onPiece);
      return await turnOf(answer, await record);
    } catch (error) {
      // What is refused before it is a request: the server shuts down, the body is too large.
      if (error instanceof Error && error.name === "ProxyError")
        return turnOf({ ...none, error: error.message }, null);
      deps.logger.error("the playground failed inside this program", { request_id: id, error });
      return turnOf({ ...none, error: `A fault of this program; its log has it under ${id}.` }, null);
    } finally {
      running.ended(id);
      request.signal.removeEventListener("abort", abort);
    }
  };
  const turnOf = async (answer: ChatAnswer, record: RequestRecord | null): Promise<FinishedTurnProps> => {
    const last = record?.attempts.at(-1)?.keyId;
    const names = await keyNames(deps.operations.keys, last === undefined ? [] : [last]);
    return {
      ...answer,
      message: state.message,
      stopped: controller?.signal.aborted === true,
      model: state.model,
      record,
      keyName: last === undefined ? null : (names.get(last) ?? null),
    };
  };
  return { finish, abort };
}

/** The same answer, whose body ends when it is stopped: its reader has what came so far, the upstream is let go. */
function cancelledBy(response: Response, signal: AbortSignal): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  signal.addEventListener("abort", () => void reader.cancel(), { once: true });
  if (signal.aborted) void reader.cancel();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => reader.cancel(),
    },
    new CountQueuingStrategy({ highWaterMark: 0 }),
  );
  return new Response(body, response);
}

export function stopAnswer({ running, id, part }: PageContext): Response {
  const wasThere = running.stop(id);
  if (part !== null) return htmlResponse("", 204);
  return htmlResponse(wasThere ? "Stopped." : "It was over already.");
}
