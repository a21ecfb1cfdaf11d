import type { KeptBody, KeptHeader, RequestRecord } from "../../src/types.ts";
import { CodeBlock } from "./code-block.tsx";

/** What was sent and answered, headers first; where the log did not keep it, how it is told to. */
export function KeptExchange(props: { request: RequestRecord }) {
  const { bodies } = props.request;
  if (bodies === undefined)
    return (
      <p class="soft">
        Headers and bodies of this request were not kept.{" "}
        <a href="/settings#setting-log_bodies">Keep headers and bodies</a> in the settings keeps those of
        later ones.
      </p>
    );
  return (
    <div class="kept">
      <Part id="request" name="What the client sent" headers={bodies.requestHeaders} body={bodies.request} />
      <Part id="response" name="What was answered" headers={bodies.responseHeaders} body={bodies.response} />
    </div>
  );
}

function Part(props: {
  id: "request" | "response";
  name: string;
  headers: KeptHeader[];
  body: KeptBody | null;
}) {
  const { id, name, headers, body } = props;
  return (
    <section aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`} safe>
        {name}
      </h3>
      <dl class="headers mono">
        {headers.map((header) => (
          <div>
            <dt>
              <bdi safe>{header.name}</bdi>
            </dt>
            <dd>
              <bdi safe>{header.value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {body === null ? (
        <p class="soft">No body, or no text.</p>
      ) : (
        <CodeBlock
          id={`${id}-body`}
          label={id === "request" ? "Request body" : "Answer body"}
          code={readable(body)}
        />
      )}
      {body?.isCut ? <p class="sub">Cut here: the log keeps the first 64 KiB.</p> : null}
    </section>
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
