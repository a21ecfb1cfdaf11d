import type { Sample } from "../code-samples.ts";
import { CodeBlock } from "./code-block.tsx";

/** One request in several languages, of which one is open. */
export function CodeSamples(props: { samples: Sample[] }) {
  return (
    <>
      {props.samples.map((sample, at) => (
        <details class="sample" name="sample" open={at === 0}>
          <summary safe>{sample.label}</summary>
          <CodeBlock id={`code-${sample.id}`} label={sample.label} code={sample.code} />
        </details>
      ))}
    </>
  );
}
