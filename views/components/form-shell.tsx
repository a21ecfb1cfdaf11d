import type { PropsWithChildren } from "@elysiajs/html";
import { attr } from "../attr.ts";
import { Icon } from "./icon.tsx";
import { PageHead } from "./page-head.tsx";
import { SessionEndedNote } from "./session-ended.tsx";

/** Where a form stands: in the dialog of an open page, or, without scripts, on a page of its own. */
export type Place = "dialog" | "page";

interface FormShellProps {
  place: Place;
  title: string;
  /** One sentence: what will happen. */
  lead: string;
  /** Where "Cancel" leads without scripts. */
  back: string;
}

export function FormShell(props: PropsWithChildren<FormShellProps>) {
  if (props.place === "page") {
    return (
      <>
        <PageHead title={props.title} verdict={props.lead} />
        <section class="card narrow form-body">{props.children}</section>
      </>
    );
  }
  return (
    <article>
      <header>
        <h2 id="dialog-title" safe>
          {props.title}
        </h2>
        <button type="button" class="bare icon-only" aria-label="Close" data-close>
          <Icon name="close" />
        </button>
      </header>
      <SessionEndedNote />
      <p class="soft" safe>
        {props.lead}
      </p>
      {props.children}
    </article>
  );
}

/** The revision of the thing that a form changes, as it was when the form was made; empty: it is a new one. */
export function SeenField(props: { revision: string }) {
  if (props.revision === "") return "";
  return <input type="hidden" name="seen" value={attr(props.revision)} />;
}

/** What went wrong with the whole form. */
export function FormError(props: { message?: string }) {
  if (!props.message) return "";
  return (
    <p class="error form-error" role="alert">
      <Icon name="alert" size={14} />
      <span safe>{props.message}</span>
    </p>
  );
}

interface FormActionsProps {
  submit: string;
  destructive?: boolean;
  back: string;
  autofocus?: boolean;
}

export function FormActions(props: FormActionsProps) {
  return (
    <footer class="form-actions">
      <a class="btn" href={attr(props.back)} data-close>
        Cancel
      </a>
      <button type="submit" class={props.destructive ? "main bad" : "main"} autofocus={props.autofocus} safe>
        {props.submit}
      </button>
    </footer>
  );
}

/** A form's own answer: wrong input comes back into the dialog, with what was typed; success closes it. */
export function formLive(action: string) {
  return { "hx-post": action, "hx-swap": "none", "hx-status:422": "target:#dialog swap:innerMorph" };
}
