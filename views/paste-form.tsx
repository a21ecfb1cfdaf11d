import type { KeyView, Pool } from "../src/types.ts";
import { controlAttributes, Field } from "./components/field.tsx";
import { FormActions, FormError, FormShell, formLive, type Place } from "./components/form-shell.tsx";
import { KeyChip } from "./components/key-chip.tsx";
import { PoolField, UpstreamField } from "./components/pool-field.tsx";
import { type ProviderChoice, ProviderField } from "./components/provider-field.tsx";
import { plural } from "./verdicts.ts";

interface PasteFormProps {
  place: Place;
  errors: Record<string, string>;
  message?: string;
  poolId: string;
  newPool: string;
  pools: Pool[];
  upstreamId: string;
  upstreams: { id: string; name: string }[];
  /** At the first visit. */
  provider?: ProviderChoice;
}

/** Adds many keys at once. What was pasted is not sent back: it holds secrets. */
export function PasteForm(props: PasteFormProps) {
  return (
    <FormShell
      place={props.place}
      title="Paste many keys"
      lead="They are checked for form and duplicates, stored encrypted and never shown in full again."
      back="/keys"
    >
      <PasteFields {...props} back="/keys" />
    </FormShell>
  );
}

/** The form itself, which the first visit shows too. */
export function PasteFields(props: Omit<PasteFormProps, "place"> & { back?: string }) {
  const field = {
    id: "paste-text",
    name: "text",
    label: "Keys",
    help: "One a line, alone, as name=secret or name,secret. Empty lines and lines that begin with # are passed over; CSV with a heading (name,secret,pool,tags,daily_limit) and a JSON array work too.",
    error: props.errors.text,
  };
  return (
    <form
      method="post"
      action="/keys/import"
      enctype="multipart/form-data"
      hx-encoding="multipart/form-data"
      class="fields"
      x-data="paste"
      hx-morph-skip
      {...pasteLive}
    >
      <FormError message={props.message} />
      {props.provider !== undefined && <ProviderField {...props.provider} />}
      <Field {...field}>
        <textarea
          {...controlAttributes(field)}
          class="mono"
          rows="6"
          autofocus
          spellcheck="false"
          placeholder={"AIza…\nteam-search=AIza…"}
          x-on:input="look"
        />
      </Field>
      <p class="soft" role="status" x-text="verdict" />
      <Field {...FILE}>
        <input {...controlAttributes(FILE)} type="file" accept=".txt,.csv,.env,.json,text/*" data-drop />
      </Field>
      {/* The first keys go into none: what a pool is comes later. */}
      {(props.provider === undefined || props.pools.length > 0) && (
        <PoolField
          id="paste-pool"
          value={props.poolId}
          pools={props.pools}
          error={props.errors.pool_id}
          newName={props.newPool}
          newError={props.errors.new_pool}
        />
      )}
      <UpstreamField
        id="paste-upstream"
        value={props.upstreamId}
        upstreams={props.upstreams}
        error={props.errors.upstream_id}
      />
      {props.back === undefined ? (
        <footer class="form-actions start">
          <button type="submit" class="main">
            Add keys
          </button>
        </footer>
      ) : (
        <FormActions submit="Add keys" back={props.back} />
      )}
    </form>
  );
}

const FILE = {
  id: "paste-file",
  name: "file",
  label: "Or a file",
  help: "Text, CSV, .env or JSON. It may also be dropped anywhere on the Keys page.",
};

const pasteLive = {
  ...formLive("/keys/import"),
  "hx-target": "#dialog",
  "hx-swap": "innerHTML",
};

interface ReportProps {
  place: Place;
  added: Pick<KeyView, "id" | "name" | "maskedSecret">[];
  skipped: { row: number; reason: string }[];
}

/** Lists longer than this are cut, and say so. */
const MAX_LISTED = 200;

/** What became of each line of a paste. */
export function PasteReport(props: ReportProps) {
  const skipped = props.skipped.length;
  return (
    <FormShell
      place={props.place}
      title={`${plural(props.added.length, "key")} added`}
      lead={
        skipped === 0
          ? "Every line was taken."
          : `${plural(skipped, "line")} skipped; nothing else was changed.`
      }
      back="/keys"
    >
      <div class="report">
        {skipped > 0 && (
          <table>
            <thead>
              <tr>
                <th scope="col">Line</th>
                <th scope="col">Skipped because</th>
              </tr>
            </thead>
            <tbody>
              {props.skipped.slice(0, MAX_LISTED).map((line) => (
                <tr>
                  <td>{line.row}</td>
                  <td class="wrap-text" safe>
                    {line.reason}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {props.added.length > 0 && (
          <ul class="chips">
            {props.added.slice(0, MAX_LISTED).map((key) => (
              <li>
                <KeyChip id={key.id} name={key.name} maskedSecret={key.maskedSecret} />
              </li>
            ))}
          </ul>
        )}
        <Cut shown={MAX_LISTED} of={Math.max(skipped, props.added.length)} />
      </div>
      <footer class="form-actions">
        <a class="btn main" href="/keys" data-close>
          Done
        </a>
      </footer>
    </FormShell>
  );
}

function Cut(props: { shown: number; of: number }) {
  if (props.of <= props.shown) return "";
  return <p class="soft">Only the first {props.shown} of each are listed.</p>;
}
