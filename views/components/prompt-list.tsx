import type { Prompt } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { ago, type Reader } from "../format.ts";
import { ActionButton } from "./button.tsx";
import { FieldError } from "./field.tsx";
import { FormActions, FormShell, formLive, type Place } from "./form-shell.tsx";

const PATH = "/playground/prompts";

export interface PromptListProps {
  prompts: Prompt[];
  /** How many there are without the search. */
  total: number;
  q: string;
  /** The one that is loaded; empty: none. */
  current: { id: string; name: string };
  error?: string;
  reader: Reader;
}

/** Saved prompts: saving what stands in the form, searching, loading, deleting. */
export function PromptList(props: PromptListProps) {
  const { current, q } = props;
  const save = {
    "hx-post": PATH,
    "hx-include": "#playground",
    "hx-target": "#prompts",
    "hx-swap": "outerMorph",
    "hx-status:422": "target:#prompts swap:outerMorph",
  };
  return (
    <section
      class="card prompts"
      id="prompts"
      aria-labelledby="prompts-title"
      hx-get={PATH}
      hx-include="#prompts input"
      hx-trigger="refresh-live from:body"
      hx-swap="outerMorph"
    >
      <header class="ruled">
        <h2 id="prompts-title">Saved prompts</h2>
        <span class="soft">{props.total}</span>
      </header>
      <div class="inside top fields">
        <input type="hidden" name="prompt_id" value={attr(current.id)} form="playground" />
        <div class="bar">
          <input
            id="prompt-name"
            name="prompt_name"
            form="playground"
            class="grow"
            value={attr(current.name)}
            placeholder="Name"
            aria-label="Prompt name"
            aria-describedby={props.error ? "prompt-name-error" : undefined}
            aria-invalid={props.error ? "true" : undefined}
            maxlength={100}
            autocomplete="off"
          />
          <button
            type="submit"
            form="playground"
            formaction={PATH}
            formnovalidate
            name="save"
            value="this"
            {...save}
          >
            {current.id === "" ? "Save prompt" : "Save"}
          </button>
          {current.id !== "" && (
            <button
              type="submit"
              form="playground"
              formaction={PATH}
              formnovalidate
              name="save"
              value="new"
              {...save}
            >
              Save as new
            </button>
          )}
        </div>
        <FieldError id="prompt-name" error={props.error} />
        {props.total > 5 && (
          <input
            type="search"
            id="prompt-search"
            name="prompts_q"
            form="playground"
            value={attr(q)}
            placeholder="Search saved prompts"
            aria-label="Search saved prompts"
            maxlength={200}
            autocomplete="off"
            hx-get={PATH}
            hx-include="#prompts input"
            hx-target="#prompts"
            hx-swap="outerMorph"
            hx-trigger="input changed delay:200ms"
          />
        )}
      </div>
      {props.prompts.length === 0 ? (
        <p class="inside soft">
          {props.total === 0 ? "What you ask again and again can be kept here." : "None fits the search."}
        </p>
      ) : (
        <ul class="list">
          {props.prompts.map((prompt) => (
            <PromptRow prompt={prompt} isCurrent={prompt.id === current.id} reader={props.reader} />
          ))}
        </ul>
      )}
    </section>
  );
}

function PromptRow(props: { prompt: Prompt; isCurrent: boolean; reader: Reader }) {
  const { prompt } = props;
  const used = prompt.lastUsedAt === null ? "never used" : `used ${ago(prompt.lastUsedAt, props.reader)}`;
  const id = encodeURIComponent(prompt.id);
  return (
    <li>
      <a
        class="grow"
        href={`/playground?prompt=${id}`}
        title={attr(prompt.text.slice(0, 300))}
        aria-current={props.isCurrent ? "true" : undefined}
      >
        <bdi class="cut" safe>
          {prompt.name}
        </bdi>
        <span class="sub cut" safe>
          {[prompt.model, used].filter(Boolean).join(" · ")}
        </span>
      </a>
      <form>
        <ActionButton
          to={`${PATH}/${id}/delete`}
          method="get"
          icon="delete"
          label={`Delete ${prompt.name}`}
          iconOnly
          small
          look="bare"
        />
      </form>
    </li>
  );
}

export function DeletePromptForm(props: { place: Place; prompt: Prompt }) {
  const action = `${PATH}/${encodeURIComponent(props.prompt.id)}/delete`;
  return (
    <FormShell
      place={props.place}
      title={`Delete ${props.prompt.name}?`}
      lead="The saved prompt goes and can't be brought back; the log keeps what was asked with it."
      back="/playground"
    >
      <form method="post" action={action} {...formLive(action)}>
        <FormActions submit="Delete" destructive back="/playground" autofocus />
      </form>
    </FormShell>
  );
}
