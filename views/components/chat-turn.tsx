import type { PropsWithChildren } from "@elysiajs/html";
import type { RequestRecord } from "../../src/types.ts";
import { adviceFor } from "../advice.ts";
import { attr } from "../attr.ts";
import { count, duration, usd } from "../format.ts";
import { renderMarkdown } from "../markdown.ts";
import { tokenSpeed } from "../token-speed.ts";
import { Icon } from "./icon.tsx";
import { KeyChip } from "./key-chip.tsx";

/** One side of a conversation. Its words go with the form, so that the server has to remember none. */
export interface ChatTurn {
  role: "user" | "assistant";
  text: string;
}

export function UserTurn(props: { text: string }) {
  return (
    <article class="turn">
      <Icon name="user" />
      <p class="who">You</p>
      <p class="pre-wrap">
        <bdi safe>{props.text}</bdi>
      </p>
    </article>
  );
}

export function AssistantTurn(props: PropsWithChildren<{ id?: string; model: string }>) {
  return (
    <article class="turn" id={props.id}>
      <Icon name="bot" />
      <p class="who">
        <bdi safe>{props.model}</bdi>
      </p>
      {props.children}
    </article>
  );
}

/** What the form sends of a turn with the next message. */
export function TurnFields(props: { turns: ChatTurn[] }) {
  return (
    <>
      {props.turns.map((turn) => (
        <>
          <input type="hidden" name="role" value={turn.role} />
          <input type="hidden" name="said" value={attr(turn.text)} />
        </>
      ))}
    </>
  );
}

export function Thoughts(props: { text: string; id?: string; open?: boolean }) {
  return (
    <details class="thoughts" open={props.open}>
      <summary>Reasoning</summary>
      <p class="pre-wrap" id={props.id} safe>
        {props.text}
      </p>
    </details>
  );
}

/** Rendered markdown; `id` where more of it comes. */
export function Markdown(props: { html: string; id?: string }) {
  return (
    <div class="markdown" id={props.id}>
      {props.html as "safe"}
    </div>
  );
}

/** An answer of which nothing is there yet; its parts are filled under ids made of `id`. */
export function RunningTurn(props: { id: string; model: string }) {
  const { id } = props;
  return (
    <AssistantTurn id={`answer-${id}`} model={props.model}>
      <div id={`thoughts-${id}`} />
      <div>
        <Markdown id={`settled-${id}`} html="" />
        <Markdown id={`open-${id}`} html="" />
      </div>
      <p class="meta" role="status">
        <span class="running">Answering</span>
        <button
          type="submit"
          class="small"
          formnovalidate
          formaction={`/playground/answers/${id}/stop`}
          hx-post={`/playground/answers/${id}/stop`}
          hx-swap="none"
        >
          <Icon name="stop" size={14} />
          Stop
        </button>
      </p>
    </AssistantTurn>
  );
}

export interface FinishedTurnProps {
  /** What was asked. */
  message: string;
  text: string;
  reasoning: string;
  /** Null: it ended well. */
  error: string | null;
  stopped: boolean;
  model: string;
  /** Null: it was refused before it became a request. */
  record: RequestRecord | null;
  /** Of the key that answered; null: none did, or it was deleted. */
  keyName: string | null;
}

/** An answer that is over, with what the log knows of it. */
export function FinishedTurn(props: FinishedTurnProps) {
  const { text, record } = props;
  const failed = props.error !== null && !props.stopped;
  const kept = text !== "" && !failed;
  return (
    <AssistantTurn model={record?.servedModel ?? props.model}>
      {props.reasoning !== "" && <Thoughts text={props.reasoning} />}
      {text !== "" && <Markdown html={renderMarkdown(text)} />}
      {text === "" && !failed && !props.stopped && <p class="soft">The answer is empty.</p>}
      {failed && <Failure {...props} />}
      <p class="meta">
        {props.stopped && <span>Stopped</span>}
        {record !== null && <Meta record={record} keyName={props.keyName} />}
      </p>
      {kept && (
        <TurnFields
          turns={[
            { role: "user", text: props.message },
            { role: "assistant", text },
          ]}
        />
      )}
    </AssistantTurn>
  );
}

function Failure(props: FinishedTurnProps) {
  const advice = adviceFor(props.record?.outcome ?? "");
  return (
    <div class="failure" role="alert">
      <p class="error">
        <Icon name="alert" size={14} />
        <bdi class="wrap-text" safe>
          {props.error ?? ""}
        </bdi>
      </p>
      {advice !== null && (
        <p>
          <span safe>{advice.text}</span>{" "}
          {advice.link !== undefined && (
            <a href={advice.link.href} safe>
              {advice.link.label}
            </a>
          )}
        </p>
      )}
      <button type="submit" class="small" name="again" value={attr(props.message)} formnovalidate>
        <Icon name="reset" size={14} />
        Ask again
      </button>
    </div>
  );
}

function Meta(props: { record: RequestRecord; keyName: string | null }) {
  const { record } = props;
  const last = record.attempts.at(-1);
  const speed = tokenSpeed(record);
  return (
    <>
      {last !== undefined && <KeyChip id={last.keyId} name={props.keyName} />}
      {record.attempts.length > 1 && <span>{record.attempts.length} attempts</span>}
      {record.ttftMs !== null && <span safe>{`first byte ${duration(record.ttftMs)}`}</span>}
      <span safe>{`took ${duration(record.durationMs)}`}</span>
      {speed !== null && <span safe>{speed}</span>}
      {record.usageSource !== "none" && (
        <span
          safe
        >{`${count(record.inputTokens)} in, ${count(record.outputTokens)} out${record.usageSource === "estimated" ? ", estimated" : ""}`}</span>
      )}
      {record.costUsd !== null && <span safe>{usd(record.costUsd)}</span>}
      <a href={`/logs/${encodeURIComponent(record.id)}`}>Log entry</a>
    </>
  );
}
