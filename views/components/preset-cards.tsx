import { attr } from "../attr.ts";
import { href } from "../links.ts";
import { ownPartsOf, presetFacts, type UpstreamPreset } from "../upstream-words.ts";

interface PresetCardsProps {
  presets: UpstreamPreset[];
  /** The one that is chosen; "" where the address is one's own. */
  chosen: string | null;
}

/** Known providers to begin with, each with what is particular to it. */
export function PresetCards(props: PresetCardsProps) {
  return (
    <ul class="preset-cards">
      {props.presets.map((preset) => (
        <li>
          <a
            class="card"
            href={attr(addHref(preset.name))}
            aria-current={props.chosen === preset.name ? "true" : undefined}
          >
            <strong safe>{preset.name}</strong>
            <span class="sub mono cut" safe>
              {preset.baseUrl.replace(/^https?:\/\//, "")}
            </span>
            <span class="sub" safe>
              {told(preset)}
            </span>
          </a>
        </li>
      ))}
      <li>
        <a class="card" href={attr(addHref(""))} aria-current={props.chosen === "" ? "true" : undefined}>
          <strong>Another address</strong>
          <span class="sub">
            Anything that speaks the OpenAI API: a gateway, a proxy, a server of your own.
          </span>
        </a>
      </li>
    </ul>
  );
}

function addHref(preset: string): string {
  return `${href("/upstreams/add", { preset: preset === "" ? "own" : preset })}#form`;
}

/** What a person chooses by; the rest is told beside the form. */
function told(preset: UpstreamPreset): string {
  const parts = ownPartsOf(preset).map(([part]) => part.toLowerCase().replaceAll("_", " "));
  if (parts.length > 0) return `Asks for your ${parts.join(" and ")}.`;
  return presetFacts(preset)[0] ?? "";
}
