import type { Pool } from "../src/types.ts";
import { attr } from "./attr.ts";
import { chatSamples, type SampledRequest } from "./code-samples.ts";
import {
  AssistantTurn,
  type ChatTurn,
  FinishedTurn,
  type FinishedTurnProps,
  Markdown,
  TurnFields,
  UserTurn,
} from "./components/chat-turn.tsx";
import { CodeSamples } from "./components/code-samples.tsx";
import { controlAttributes, Field, FieldError, TextField } from "./components/field.tsx";
import { Icon } from "./components/icon.tsx";
import { PageHead } from "./components/page-head.tsx";
import { PromptList, type PromptListProps } from "./components/prompt-list.tsx";
import { renderMarkdown } from "./markdown.ts";

export type { ChatTurn } from "./components/chat-turn.tsx";

/** The form, as it was filled: all that a conversation is. */
export interface PlaygroundState {
  model: string;
  /** Empty: all keys; `pool:ID`, `key:ID`. */
  through: string;
  system: string;
  message: string;
  temperature: string;
  max_tokens: string;
  top_p: string;
  stream: boolean;
  /** Further fields of the request as JSON. */
  more: string;
  turns: ChatTurn[];
  /** The saved prompt that is loaded; empty: none. */
  promptId: string;
  promptName: string;
}

export interface PlaygroundFormProps {
  state: PlaygroundState;
  errors: Record<string, string>;
  pools: Pool[];
  keys: { id: string; name: string }[];
  sample: SampledRequest;
  /** A turn that ended just now, for readers without scripts. */
  latest?: FinishedTurnProps;
}

const PATH = "/playground";

export function PlaygroundPage(props: { form: PlaygroundFormProps; prompts: PromptListProps }) {
  return (
    <>
      <PageHead
        title="Playground"
        verdict="A real request through the balancer: it counts, costs and is logged."
      >
        <button
          type="submit"
          form="playground"
          formaction={`${PATH}/new`}
          formnovalidate
          hx-post={`${PATH}/new`}
          hx-include="#playground"
          hx-target="#playground"
          hx-swap="outerMorph"
        >
          <Icon name="edit" />
          New chat
        </button>
      </PageHead>
      <div class="columns playground">
        <PlaygroundForm {...props.form} />
        <PromptList {...props.prompts} />
      </div>
    </>
  );
}

export function PlaygroundForm(props: PlaygroundFormProps) {
  const { state } = props;
  return (
    <form
      id="playground"
      method="post"
      action={PATH}
      hx-post={PATH}
      hx-target="#turns"
      hx-swap="beforeend"
      hx-sync="this:drop"
      {...{ "hx-status:422": "target:#playground swap:outerMorph" }}
    >
      <section class="card chat" aria-label="Conversation">
        <Aim {...props} />
        <div class="turns" tabindex="0" role="log" aria-label="Turns">
          <div id="turns">
            {state.turns.map((turn) => (
              <Turn turn={turn} model={state.model} />
            ))}
            {props.latest !== undefined ? (
              <>
                <UserTurn text={props.latest.message} />
                <FinishedTurn {...props.latest} />
              </>
            ) : null}
          </div>
        </div>
        <Composer state={state} error={props.errors.message} />
      </section>
      <div class="beside">
        <section class="card" aria-labelledby="request-title">
          <header>
            <h2 id="request-title">Request</h2>
          </header>
          <RequestFields {...props} />
        </section>
        <section class="card" aria-labelledby="code-title">
          <header>
            <h2 id="code-title">As code</h2>
          </header>
          <Code sample={props.sample} />
        </section>
      </div>
    </form>
  );
}

function Turn(props: { turn: ChatTurn; model: string }) {
  const { role, text } = props.turn;
  return (
    <>
      {role === "user" ? (
        <UserTurn text={text} />
      ) : (
        <AssistantTurn model={props.model}>
          <Markdown html={renderMarkdown(text)} />
        </AssistantTurn>
      )}
      <TurnFields turns={[props.turn]} />
    </>
  );
}

function Composer(props: { state: PlaygroundState; error?: string }) {
  const field = { id: "message", name: "message", error: props.error };
  return (
    <div class="compose">
      <label class="hidden-text" for="message">
        Message
      </label>
      <textarea {...controlAttributes(field)} rows="3" placeholder="Message" data-send required safe>
        {props.state.message}
      </textarea>
      <FieldError {...field} />
      <div class="bar">
        <span class="sub scripted wide-only">
          <kbd>Ctrl</kbd> <kbd>Enter</kbd> sends
        </span>
        <button type="submit" class="main push">
          <Icon name="send" />
          Send
        </button>
      </div>
    </div>
  );
}

/** Who is asked: it stands above the conversation, so that a phone shows it without scrolling. */
function Aim(props: PlaygroundFormProps) {
  const { state, errors } = props;
  const model = { id: "model", name: "model", label: "Model", error: errors.model };
  return (
    <div class="aim">
      <Field {...model}>
        <input
          {...controlAttributes(model)}
          class="mono"
          list="models"
          value={attr(state.model)}
          placeholder="gpt-4o, gemini-2.5-flash"
          maxlength={200}
          required
          autocomplete="off"
          spellcheck="false"
        />
        <datalist id="models" hx-get={`${PATH}/models`} hx-trigger="load" hx-swap="innerHTML" />
      </Field>
      <Through {...props} />
    </div>
  );
}

function RequestFields(props: PlaygroundFormProps) {
  const { state, errors } = props;
  const number = (name: "temperature" | "max_tokens" | "top_p", label: string) => (
    <TextField
      id={name}
      name={name}
      label={label}
      value={state[name]}
      inputmode="decimal"
      error={errors[name]}
    />
  );
  const system = { id: "system", name: "system", label: "System", error: errors.system };
  const more = { id: "more", name: "more", label: "Further fields as JSON", error: errors.more };
  return (
    <div class="inside fields">
      <Field {...system}>
        <textarea {...controlAttributes(system)} rows="2" placeholder="You are …" safe>
          {state.system}
        </textarea>
      </Field>
      <div class="three">
        {number("temperature", "Temperature")}
        {number("max_tokens", "Max tokens")}
        {number("top_p", "Top P")}
      </div>
      <label class="switch">
        <input type="checkbox" name="stream" checked={state.stream} />
        Stream the answer
      </label>
      <details class="more" open={state.more !== ""}>
        <summary>Further fields</summary>
        <Field {...more}>
          <textarea
            {...controlAttributes(more)}
            class="mono"
            rows="4"
            placeholder={'{"seed": 1}'}
            spellcheck="false"
            safe
          >
            {state.more}
          </textarea>
        </Field>
      </details>
    </div>
  );
}

/** All keys, those of a pool, or one. */
function Through(props: PlaygroundFormProps) {
  const { through } = props.state;
  const field = { id: "through", name: "through", label: "Through", error: props.errors.through };
  const option = (value: string, label: string) => (
    <option value={attr(value)} selected={value === through} safe>
      {label}
    </option>
  );
  return (
    <Field {...field}>
      <select {...controlAttributes(field)}>
        {option("", "All keys")}
        {props.pools.length > 0 && (
          <optgroup label="Pools">{props.pools.map(({ id, name }) => option(`pool:${id}`, name))}</optgroup>
        )}
        {props.keys.length > 0 && (
          <optgroup label="One key">{props.keys.map(({ id, name }) => option(`key:${id}`, name))}</optgroup>
        )}
      </select>
    </Field>
  );
}

/** The request as it stands in the form; made anew while one types, and when an answer is over. */
function Code(props: { sample: SampledRequest }) {
  return (
    <div
      class="inside"
      id="code"
      hx-post={`${PATH}/code`}
      hx-include="#playground"
      hx-trigger="input from:#playground delay:400ms, htmx:sse:close from:#playground"
      hx-swap="none"
      hx-sync="this:replace"
    >
      <CodeSamples samples={chatSamples(props.sample)} />
    </div>
  );
}

/** The code alone, so that what is open stays open. */
export function CodeParts(props: { sample: SampledRequest }) {
  return (
    <>
      {chatSamples(props.sample).map(({ id, code }) => (
        <tag of="hx-partial" hx-target={`#code-${id}`} hx-swap="innerHTML">
          <code safe>{code}</code>
        </tag>
      ))}
    </>
  );
}

export function ModelOptions(props: { models: string[] }) {
  return (
    <>
      {props.models.map((model) => (
        <option value={attr(model)} />
      ))}
    </>
  );
}
