import { FormActions, FormShell, formLive, type Place } from "./components/form-shell.tsx";
import { keyPath } from "./links.ts";

/** Deleting takes the secret with it and can't be undone, so it asks. */
export function DeleteForm(props: { place: Place; subject: { id: string; name: string } }) {
  const action = keyPath(props.subject.id, "delete");
  return (
    <FormShell
      place={props.place}
      title={`Delete ${props.subject.name}?`}
      lead="Its secret and counters go with it and can't be brought back. Running requests finish; the logs keep their rows."
      back={keyPath(props.subject.id)}
    >
      <form method="post" action={action} {...formLive(action)}>
        <FormActions submit="Delete" destructive back={keyPath(props.subject.id)} autofocus />
      </form>
    </FormShell>
  );
}
