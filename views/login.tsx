import { attr } from "./attr.ts";
import { controlAttributes } from "./components/field.tsx";
import { Icon, Mark } from "./components/icon.tsx";
import { Document, type Theme } from "./document.tsx";
import { countdown } from "./format.ts";

export interface LoginPageProps {
  /** Why this page came instead of the one asked for; empty at the first visit. */
  lead: string;
  error: { message: string; waitS: number } | null;
  /** Where to go on to: a path of this program. */
  next: string;
  now: number;
  theme: Theme;
  /** The password that was made at the first start waits in its file. */
  isFirst: boolean;
}

export function LoginPage(props: LoginPageProps) {
  const { error } = props;
  const field = { id: "password", name: "password", error: error?.message };
  return (
    <Document title="Log in" theme={props.theme}>
      <main class="centre" data-now={String(props.now)}>
        <div class="brand">
          <Mark />
          Load Balancer
        </div>
        <section class="card login">
          <form method="post" action="/login" class="fields">
            <div>
              <h1>Log in</h1>
              {props.lead !== "" && (
                <p class="soft" safe>
                  {props.lead}
                </p>
              )}
            </div>
            <div class="field">
              <label for="password">Password</label>
              <input
                {...controlAttributes(field)}
                type="password"
                autocomplete="current-password"
                required
                autofocus
                maxlength={1000}
              />
              {error !== null ? (
                <p class="error" id="password-error" role="alert">
                  <Icon name="alert" size={14} />
                  <span safe>{error.message}</span>
                  <Wait seconds={error.waitS} now={props.now} />
                </p>
              ) : null}
            </div>
            <input type="hidden" name="next" value={attr(props.next)} />
            <button type="submit" class="main">
              Log in
            </button>
          </form>
        </section>
        <p class="sub">
          {props.isFirst ? (
            <>
              The first password is in the file <code>initial-password</code> in the program's data folder.
            </>
          ) : (
            <>
              Lost it? Set <code>ADMIN_PASSWORD</code> on the server and start again.
            </>
          )}
        </p>
      </main>
    </Document>
  );
}

/** What is left of the wait that the message names. */
function Wait(props: { seconds: number; now: number }) {
  if (props.seconds <= 0) return "";
  return (
    <time class="push strong" data-until={String(props.now + 1000 * props.seconds)} aria-hidden="true" safe>
      {countdown(1000 * props.seconds)}
    </time>
  );
}
