import { attr } from "./attr.ts";
import { CodeBlock } from "./components/code-block.tsx";
import { PageHead } from "./components/page-head.tsx";

/** One field of what is taken or answered. */
export interface ApiField {
  name: string;
  /** "integer, 1 to 500", "Key[] or null". */
  type: string;
  /** The id of the shape that the type names, where it names one. */
  shape: string | null;
  isRequired: boolean;
  meaning: string;
}

export interface ApiFieldGroup {
  title: string;
  fields: ApiField[];
}

export interface ApiCall {
  id: string;
  method: string;
  path: string;
  summary: string;
  detail: string;
  takes: ApiFieldGroup[];
  answers: ApiFieldGroup;
  errors: { status: number; when: string }[];
  example: string;
}

export interface ApiShape {
  id: string;
  name: string;
  fields: ApiField[];
}

export interface ApiDocsProps {
  sections: { id: string; label: string; calls: ApiCall[] }[];
  shapes: ApiShape[];
  intro: string;
  /** How a script shows who it is. */
  example: string;
}

/** The admin JSON API for people: everything on one page, so that the browser's own search finds it. */
export function ApiDocs(props: ApiDocsProps) {
  return (
    <>
      <PageHead title="API" verdict={props.intro} crumb={{ href: "/settings", label: "Settings" }}>
        <a href="/api/admin/openapi.json" class="btn" download="load-balancer-openapi.json">
          OpenAPI 3.1
        </a>
      </PageHead>
      <div class="settings">
        <nav class="sections" aria-label="Sections">
          <ul>
            <li>
              <a href="#begin">Begin</a>
            </li>
            {props.sections.map((section) => (
              <li>
                <a href={`#${attr(section.id)}`} safe>
                  {section.label}
                </a>
              </li>
            ))}
            <li>
              <a href="#shapes">Shapes</a>
            </li>
          </ul>
        </nav>
        <div class="stack">
          <Begin example={props.example} />
          {props.sections.map((section) => (
            <section class="card" id={attr(section.id)}>
              <header>
                <h2 safe>{section.label}</h2>
              </header>
              {section.calls.map((call) => (
                <Call call={call} />
              ))}
            </section>
          ))}
          <section class="card" id="shapes">
            <header>
              <h2>Shapes</h2>
            </header>
            {props.shapes.map((shape) => (
              <details class="call" id={attr(shape.id)}>
                <summary>
                  <code safe>{shape.name}</code>
                </summary>
                <div class="inside">
                  <Fields title={shape.name} fields={shape.fields} withNeed={false} />
                </div>
              </details>
            ))}
          </section>
        </div>
      </div>
    </>
  );
}

function Begin(props: { example: string }) {
  return (
    <section class="card" id="begin">
      <header>
        <h2>Begin</h2>
      </header>
      <div class="inside stack">
        <p>
          Set <code>ADMIN_API_TOKEN</code> before the start and send it as a bearer token. Every answer is
          JSON; an error is <code>{'{"error":{"message","code"}}'}</code>, and wrong input changes nothing.
        </p>
        <CodeBlock id="example-begin" label="a first call" code={props.example} />
        <ul class="plain">
          <li>
            Lists answer <code>data</code> and <code>next_cursor</code>: give it as <code>cursor</code> until
            it is null.
          </li>
          <li>
            What can be changed comes with an <code>etag</code>. Sent back as <code>If-Match</code>, it lets a
            change pass only where nobody else changed the same meanwhile; otherwise 412{" "}
            <code>changed_meanwhile</code>.
          </li>
          <li>
            A create that carries an <code>Idempotency-Key</code> may be repeated for 24 hours without adding
            twice.
          </li>
        </ul>
      </div>
    </section>
  );
}

function Call({ call }: { call: ApiCall }) {
  return (
    <details class="call" id={attr(call.id)}>
      <summary>
        <span class={`verb ${call.method.toLowerCase()}`} safe>
          {call.method}
        </span>
        <code safe>{call.path}</code>
        <span class="soft" safe>
          {call.summary}
        </span>
      </summary>
      <div class="inside stack">
        {call.detail !== "" && (
          <p>
            <Words text={call.detail} />
          </p>
        )}
        {call.takes.map((group) => (
          <Fields {...group} withNeed />
        ))}
        <Fields {...call.answers} withNeed={false} />
        <Errors errors={call.errors} />
        <CodeBlock id={`example-${call.id}`} label={`${call.method} ${call.path}`} code={call.example} />
      </div>
    </details>
  );
}

function Fields(props: ApiFieldGroup & { withNeed: boolean }) {
  return (
    <div>
      <h3 safe>{props.title}</h3>
      {props.fields.length > 0 && (
        <table class="api-fields">
          <thead class="hidden-text">
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Type</th>
              <th scope="col">Meaning</th>
            </tr>
          </thead>
          <tbody>
            {props.fields.map((field) => (
              <tr>
                <th scope="row">
                  <code safe>{field.name}</code>
                  {props.withNeed && field.isRequired && <span class="tag">needed</span>}
                </th>
                <td class="soft">
                  {field.shape === null ? (
                    <span safe>{field.type}</span>
                  ) : (
                    <a href={`#${attr(field.shape)}`} safe>
                      {field.type}
                    </a>
                  )}
                </td>
                <td>
                  <Words text={field.meaning} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

/** Text in which backticks stand around what is code. */
function Words(props: { text: string }) {
  return (
    <>
      {props.text
        .split("`")
        .map((part, index) => (index % 2 === 1 ? <code safe>{part}</code> : <span safe>{part}</span>))}
    </>
  );
}

function Errors(props: { errors: ApiCall["errors"] }) {
  return (
    <div>
      <h3>Errors</h3>
      <dl class="api-errors">
        {props.errors.map((error) => (
          <div>
            <dt safe>{String(error.status)}</dt>
            <dd>
              <Words text={error.when} />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
