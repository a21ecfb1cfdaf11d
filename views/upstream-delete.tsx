import { attr } from "./attr.ts";
import { Field } from "./components/field.tsx";
import { FormActions, FormShell, formLive, type Place } from "./components/form-shell.tsx";
import { keysHref, upstreamPath } from "./links.ts";
import { plural } from "./verdicts.ts";

interface DeleteUpstreamProps {
  place: Place;
  subject: { id: string; name: string; isDefault: boolean };
  keys: number;
  /** Where its keys could go. */
  others: { id: string; name: string }[];
}

/** Says why it can't be deleted as it is, and offers what makes it possible. */
export function DeleteUpstreamForm(props: DeleteUpstreamProps) {
  const { id, name, isDefault } = props.subject;
  const back = upstreamPath(id);
  const action = upstreamPath(id, "delete");
  if (isDefault) {
    return (
      <FormShell
        place={props.place}
        title={`${name} can't be deleted`}
        lead="It is the default upstream, which keys without one of their own go to. Make another one the default first."
        back={back}
      >
        <footer class="form-actions">
          <a class="btn" href="/upstreams" data-close>
            Close
          </a>
        </footer>
      </FormShell>
    );
  }
  const counted = plural(props.keys, "key");
  return (
    <FormShell
      place={props.place}
      title={`Delete ${name}?`}
      lead={
        props.keys === 0
          ? "It has no keys. The logs keep their rows."
          : `${counted} ${props.keys === 1 ? "belongs" : "belong"} to it and must go somewhere first. Running requests finish; the logs keep their rows.`
      }
      back={back}
    >
      <form method="post" action={attr(action)} class="fields" {...formLive(attr(action))}>
        {props.keys > 0 ? (
          <>
            <fieldset class="choices">
              <legend class="hidden-text">What becomes of its keys</legend>
              <label>
                <input type="radio" name="keys" value="move" checked /> Move them to another upstream, where
                they begin anew
              </label>
              <label>
                <input type="radio" name="keys" value="delete" />{" "}
                <span safe>{`Delete ${counted} with it; they can't be brought back`}</span>
              </label>
            </fieldset>
            <Field id="upstream-to" name="to" label="Move to">
              <select id="upstream-to" name="to">
                {props.others.map((other) => (
                  <option value={attr(other.id)} safe>
                    {other.name}
                  </option>
                ))}
              </select>
            </Field>
            <p>
              <a href={attr(keysHref({ upstream: id }))} safe>
                {`Look at the ${counted}`}
              </a>
            </p>
          </>
        ) : null}
        <FormActions submit="Delete" destructive back={back} />
      </form>
    </FormShell>
  );
}
