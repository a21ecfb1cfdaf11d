import { FinishedTurn, type FinishedTurnProps, Thoughts } from "../../../views/components/chat-turn.tsx";
import { GrowingMarkdown } from "../../../views/markdown.ts";
import { EVENT_STREAM_HEADERS, HEARTBEAT_MS } from "../event-stream.ts";
import type { Said } from "./chat-answer.ts";

/** What came meanwhile is shown so often: oftener nobody can read, and each time costs the page a morph. */
const SHOW_EVERY_MS = 80;
/** One question under way. */
export interface Asking {
  /** Resolves when the answer is over; calls `onPiece` as it comes. */
  finish(onPiece: (piece: Said) => void): Promise<FinishedTurnProps>;
  /** Nobody reads the answer any more. */
  abort(): void;
}

interface StreamedTurn {
  /** Of the elements that are filled. */
  id: string;
  /** What is shown at once. */
  begin: JSX.Element;
  asking: Asking;
}

/** An answer as server-sent events of HTML, which htmx puts into the page. */
export function streamParts({ id, begin, asking }: StreamedTurn): Response {
  const encoder = new TextEncoder();
  let isOpen = true;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string) => {
        if (isOpen) controller.enqueue(encoder.encode(text));
      };
      const send = (html: JSX.Element) => write(event(html as string));
      const parts = new TurnParts(id, send);
      const heartbeat = setInterval(() => write(": still there\n\n"), HEARTBEAT_MS);
      send(begin);
      asking
        .finish((piece) => parts.add(piece))
        .then((turn) => {
          parts.end();
          send(
            <Partial target={`#answer-${id}`} swap="outerHTML">
              <FinishedTurn {...turn} />
            </Partial>,
          );
        })
        .finally(() => {
          clearInterval(heartbeat);
          parts.end();
          if (isOpen) controller.close();
          isOpen = false;
        });
    },
    cancel() {
      isOpen = false;
      asking.abort();
    },
  });
  return new Response(body, { headers: EVENT_STREAM_HEADERS });
}

/** Gathers the pieces of an answer and shows them a few times a second. */
class TurnParts {
  #text = "";
  #reasoning = "";
  #thinks = false;
  #timer: Timer | null = null;
  readonly #markdown = new GrowingMarkdown();

  constructor(
    private readonly id: string,
    private readonly send: (html: JSX.Element) => void,
  ) {}

  add({ text, reasoning }: Said): void {
    this.#text += text;
    this.#reasoning += reasoning;
    this.#timer ??= setTimeout(() => this.#show(), SHOW_EVERY_MS);
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #show(): void {
    this.#timer = null;
    const { id } = this;
    const shown: JSX.Element[] = [];
    if (this.#reasoning !== "") {
      shown.push(
        this.#thinks ? (
          <Partial target={`#thought-${id}`} swap="beforeend">
            {Bun.escapeHTML(this.#reasoning) as "safe"}
          </Partial>
        ) : (
          <Partial target={`#thoughts-${id}`} swap="innerHTML">
            <Thoughts id={`thought-${id}`} text={this.#reasoning} open />
          </Partial>
        ),
      );
      this.#thinks = true;
      this.#reasoning = "";
    }
    if (this.#text !== "") {
      const { settled, open } = this.#markdown.push(this.#text);
      this.#text = "";
      shown.push(
        <Partial target={`#settled-${id}`} swap="beforeend">
          {settled as "safe"}
        </Partial>,
        <Partial target={`#open-${id}`} swap="innerMorph">
          {open as "safe"}
        </Partial>,
      );
    }
    this.send(shown.join("") as "safe");
  }
}

/** Where htmx puts a part of an answer. */
function Partial(props: { target: string; swap: string; children?: JSX.Element | string }) {
  return (
    <tag of="hx-partial" hx-target={props.target} hx-swap={props.swap}>
      {props.children as "safe"}
    </tag>
  );
}

function event(html: string): string {
  return `${html
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join("")}\n`;
}
