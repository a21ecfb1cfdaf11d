import type { Pool } from "../src/types.ts";
import { ActionForm } from "./components/button.tsx";
import { CodeBlock } from "./components/code-block.tsx";
import { Icon } from "./components/icon.tsx";
import { PageHead } from "./components/page-head.tsx";
import type { ProviderChoice } from "./components/provider-field.tsx";
import type { KeyTest } from "./components/test-note.tsx";
import { TestsSummary } from "./components/tests-summary.tsx";
import { MoveOverOffer, type Offer } from "./moved-over.tsx";
import { PasteFields } from "./paste-form.tsx";
import { type KeyCounts, keysVerdict, totalKeys } from "./verdicts.ts";

export interface WelcomeProps {
  counts: KeyCounts;
  pools: Pool[];
  /** Where clients point to, as this page was reached: `http://127.0.0.1:4270/v1`. */
  baseUrl: string;
  /** Clients must send the master key. */
  needsClientKey: boolean;
  /** What the earlier version left beside this one. */
  earlier: Offer | null;
  /** A model that the upstream is likely to know. */
  model: string;
  provider: ProviderChoice;
  /** What came of testing keys since the start of the program. */
  tests: KeyTest[];
}

/** The first visit: three steps to the first request. It goes away with the first request served. */
export function Welcome(props: WelcomeProps) {
  const hasKeys = totalKeys(props.counts) > 0;
  const isTested = props.tests.some(({ outcome }) => outcome === "ok");
  return (
    <div class="guide">
      <PageHead
        title="Three steps to the first request"
        verdict={
          hasKeys
            ? keysVerdict(props.counts)
            : "No keys yet, so every request is answered with 503 “no_usable_key”."
        }
      />
      {props.earlier !== null && <MoveOverOffer {...props.earlier} />}
      <ol class="card steps">
        <li class={hasKeys ? "done" : "now"}>
          <StepNumber number={1} done={hasKeys} />
          <div>
            <h2>Add keys</h2>
            {hasKeys ? (
              <div class="bar">
                <p class="soft" safe>
                  {keysVerdict(props.counts)}
                </p>
                <ActionForm to="/keys/paste" method="get" icon="paste" label="Paste more" small />
              </div>
            ) : (
              <PasteFields
                errors={{}}
                poolId=""
                newPool=""
                pools={props.pools}
                upstreamId=""
                upstreams={[]}
                provider={props.provider}
              />
            )}
          </div>
        </li>
        <li class={isTested ? "done" : hasKeys ? "now" : "later"}>
          <StepNumber number={2} done={isTested} />
          <div>
            <h2>Test them</h2>
            <p class="soft">
              One cheap call with each key. You see at once which are invalid or without credit.
            </p>
            {props.tests.length > 0 && <TestsSummary tests={props.tests} />}
            {hasKeys && (
              <div class="bar">
                <ActionForm
                  to="/keys/test"
                  method="post"
                  icon="test"
                  label={props.tests.length > 0 ? "Test again" : "Test keys"}
                  look={isTested ? undefined : "main"}
                />
                <a href="/keys">Show the keys</a>
              </div>
            )}
          </div>
        </li>
        <li class={hasKeys ? "now" : "later"}>
          <StepNumber number={3} done={false} />
          <div>
            <h2>Point your program here</h2>
            <p class="soft">
              {props.needsClientKey
                ? "Change the base URL, and give the value of MASTER_API_KEY as the API key."
                : "Change the base URL, nothing else. The client's own key may be anything while MASTER_API_KEY is not set."}
            </p>
            {hasKeys && (
              <p class="soft">
                Or ask something in the <a href="/playground">playground</a> first.
              </p>
            )}
            <CodeBlock id="client-example" label="Python" code={pythonExample(props)} />
            <CodeBlock id="client-curl" label="curl" code={curlExample(props)} />
          </div>
        </li>
      </ol>
    </div>
  );
}

function StepNumber(props: { number: number; done: boolean }) {
  return <span class="step-number">{props.done ? <Icon name="check" size={14} /> : props.number}</span>;
}

function clientKey(props: WelcomeProps): string {
  return props.needsClientKey ? "YOUR_MASTER_API_KEY" : "any";
}

function pythonExample(props: WelcomeProps): string {
  return `from openai import OpenAI

client = OpenAI(base_url="${props.baseUrl}", api_key="${clientKey(props)}")
answer = client.chat.completions.create(
    model="${props.model}",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`;
}

function curlExample(props: WelcomeProps): string {
  return `curl ${props.baseUrl}/chat/completions \\
  -H "authorization: Bearer ${clientKey(props)}" \\
  -H "content-type: application/json" \\
  -d '{"model": "${props.model}", "messages": [{"role": "user", "content": "Hello"}]}'`;
}
