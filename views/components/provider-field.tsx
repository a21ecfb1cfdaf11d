import { SelectField, TextField } from "./field.tsx";

/** What stands for an address of one's own. */
export const OTHER_PROVIDER = "other";

export interface ProviderChoice {
  /** Base URLs to choose from. */
  providers: { name: string; baseUrl: string }[];
  /** The base URL of the upstream that the keys go to; or what was typed. */
  endpoint: string;
  error?: string;
}

/** Whose keys these are: asked at the first visit, while nothing goes anywhere yet. */
export function ProviderField({ providers, endpoint, error }: ProviderChoice) {
  const isKnown = providers.some(({ baseUrl }) => baseUrl === endpoint);
  return (
    <>
      <SelectField
        id="paste-provider"
        name="provider"
        label="Provider"
        help="Whose keys these are. It is the default upstream; others are added under Upstreams."
        value={isKnown ? endpoint : OTHER_PROVIDER}
        options={[
          ...providers.map(({ name, baseUrl }) => ({ value: baseUrl, label: name })),
          { value: OTHER_PROVIDER, label: "Another address" },
        ]}
      />
      <div class="other-provider">
        <TextField
          id="paste-endpoint"
          name="api_endpoint"
          label="Address"
          help="The base URL of an OpenAI-compatible API, usually with /v1 at its end."
          mono
          inputmode="url"
          value={isKnown ? "" : endpoint}
          placeholder="https://api.example.com/v1"
          error={error}
        />
      </div>
    </>
  );
}
