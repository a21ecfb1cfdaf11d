import { CodeBlock } from "./components/code-block.tsx";
import { TextField } from "./components/field.tsx";
import { FormActions, FormError, FormShell, formLive, type Place } from "./components/form-shell.tsx";
import { keyPath } from "./links.ts";

interface SecretFormProps {
  place: Place;
  error?: string;
}
interface Subject {
  id: string;
  name: string;
}

function PasswordField(props: { error?: string; required: boolean; help?: string }) {
  return (
    <TextField
      id="confirm-password"
      name="password"
      label="Password"
      type="password"
      autocomplete="current-password"
      required={props.required}
      autofocus
      help={props.help}
      error={props.error}
    />
  );
}

/** Asks for the password before a secret is shown whole. */
export function RevealForm(props: SecretFormProps & { subject: Subject }) {
  const path = keyPath(props.subject.id, "reveal");
  return (
    <FormShell
      place={props.place}
      title={`Show the secret of ${props.subject.name}`}
      lead="For 30 seconds. It is noted in the key's history."
      back={keyPath(props.subject.id)}
    >
      <form
        method="post"
        action={path}
        class="fields"
        {...formLive(path)}
        hx-target="#dialog"
        hx-swap="innerHTML"
      >
        <FormError />
        <PasswordField required error={props.error} />
        <FormActions submit="Show" back={keyPath(props.subject.id)} />
      </form>
    </FormShell>
  );
}

/** The secret itself. Its place is taken by the question again when the time is over. */
export function RevealedSecret(props: { place: Place; subject: Subject; secret: string; shownForS: number }) {
  const path = keyPath(props.subject.id, "reveal");
  return (
    <FormShell
      place={props.place}
      title={`The secret of ${props.subject.name}`}
      lead={`Hidden again in ${props.shownForS} s.`}
      back={keyPath(props.subject.id)}
    >
      <div
        hx-get={path}
        hx-trigger={`load delay:${props.shownForS}s`}
        hx-target={props.place === "dialog" ? "#dialog" : "this"}
        hx-swap="innerHTML"
      >
        <CodeBlock id="revealed-secret" code={props.secret} label="Secret" />
      </div>
      <footer class="form-actions">
        <a class="btn main" href={keyPath(props.subject.id)} data-close>
          Done
        </a>
      </footer>
    </FormShell>
  );
}

/** A download, so it is a plain form: the answer to it is a file. */
export function ExportForm(props: SecretFormProps) {
  return (
    <FormShell
      place={props.place}
      title="Export keys"
      lead="A JSON file of all keys that the import takes again."
      back="/keys"
    >
      <form method="post" action="/keys/export" class="fields">
        <PasswordField
          required={false}
          help="With it the file holds the secrets, and that is noted in the log; without it they are masked."
          error={props.error}
        />
        <FormActions submit="Download" back="/keys" />
      </form>
    </FormShell>
  );
}
