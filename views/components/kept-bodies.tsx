import type { KeptBody, RequestRecord } from "../../src/types.ts";
import { CodeBlock } from "./code-block.tsx";

/** What was sent and answered; nothing where the log got no bodies. */
export function KeptBodies(props: { request: RequestRecord }) {
  const { bodies } = props.request;
  if (bodies === undefined) return "";
  return (
    <section class="card kept-bodies">
      <header>
        <h2>Bodies</h2>
      </header>
      <div class="inside">
        <Body id="request-body" name="What the client sent" body={bodies.request} />
        <Body id="response-body" name="What was answered" body={bodies.response} />
      </div>
    </section>
  );
}

function Body(props: { id: string; name: string; body: KeptBody | null }) {
  const { id, name, body } = props;
  if (body === null)
    return (
      <p class="soft">
        <span safe>{name}</span>: nothing, or no text.
      </p>
    );
  return (
    <div>
      <CodeBlock id={id} label={name} code={readable(body)} />
      {body.isCut ? <p class="sub">Cut here: the log keeps the first 64 KiB.</p> : null}
    </div>
  );
}

/** JSON with its lines; anything else as it came. */
function readable({ text, isCut }: KeptBody): string {
  if (isCut) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
