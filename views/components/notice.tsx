import { attr } from "../attr.ts";
import { Icon } from "./icon.tsx";

/** What an action came to. */
export interface Notice {
  kind: "ok" | "bad";
  text: string;
  /** The action that takes it back, by POST. */
  undo?: string;
}

/** Over the page for some seconds; with `place` "page" at the top of it, for readers without scripts. */
export function NoticeBox(props: Notice & { place: "toast" | "page" }) {
  return (
    <div class={`notice is-${props.kind === "ok" ? "available" : "invalid"} ${props.place}`}>
      <Icon name={props.kind === "ok" ? "check" : "alert"} />
      <span class="grow" safe>
        {props.text}
      </span>
      {props.undo !== undefined ? (
        <form method="post" action={attr(props.undo)}>
          <button type="submit" class="small" hx-post={attr(props.undo)} hx-swap="none">
            Undo
          </button>
        </form>
      ) : null}
      <button type="button" class="small bare icon-only scripted" aria-label="Dismiss" data-dismiss>
        <Icon name="close" size={14} />
      </button>
    </div>
  );
}

/** Puts a notice on the page that is open, as part of an answer to htmx. */
export function ToastPartial(props: Notice) {
  return (
    <tag of="hx-partial" hx-target="#toasts" hx-swap="beforeend">
      <NoticeBox {...props} place="toast" />
    </tag>
  );
}
