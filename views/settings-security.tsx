import { attr } from "./attr.ts";
import { TextField } from "./components/field.tsx";
import { Icon } from "./components/icon.tsx";
import { Ago } from "./components/time.tsx";
import type { Reader } from "./format.ts";
import { SettingsHead } from "./settings-tabs.tsx";
import { programOf } from "./user-agent.ts";
import { plural } from "./verdicts.ts";

export interface ShownSession {
  id: string;
  createdAt: number;
  lastSeenAt: number;
  address: string;
  userAgent: string;
  /** The reader's own. */
  isThis: boolean;
}

export interface Secret {
  name: string;
  isSet: boolean;
  /** What follows from it. */
  meaning: string;
}

export interface SettingsSecurityProps {
  /** ADMIN_PASSWORD is set: it cannot be changed here. */
  isPasswordFixed: boolean;
  /** By field: `current`, `password`, `repeat`. */
  errors: Record<string, string | undefined>;
  sessions: ShownSession[];
  /** False where no login is asked for. */
  hasLogin: boolean;
  secrets: Secret[];
  reader: Reader;
}

/** The part Security: who may enter, and how. */
export function SettingsSecurity(props: SettingsSecurityProps) {
  return (
    <>
      <SettingsHead
        tab="/settings/security"
        verdict={props.hasLogin ? `${plural(props.sessions.length, "session")}.` : "No login is asked for."}
      />
      <div class="cards">
        <section class="card" id="password-card">
          <header>
            <h2>Password</h2>
          </header>
          <div class="inside fields">
            {props.isPasswordFixed ? (
              <p class="soft">
                <code>ADMIN_PASSWORD</code> is set and wins. Change it where this program is started, and
                start it again; that ends all sessions.
              </p>
            ) : (
              <PasswordForm errors={props.errors} />
            )}
          </div>
        </section>
        <section class="card" id="secrets">
          <header>
            <h2>Tokens and keys of the environment</h2>
          </header>
          <ul class="list">
            {props.secrets.map((secret) => (
              <li class={secret.isSet ? "is-available" : "is-disabled"}>
                <Icon name={secret.isSet ? "check" : "close"} size={14} />
                <span>
                  <code safe>{secret.name}</code> <strong>{secret.isSet ? "is set." : "is not set."}</strong>{" "}
                  <span class="soft" safe>
                    {secret.meaning}
                  </span>
                </span>
              </li>
            ))}
          </ul>
        </section>
      </div>
      {props.hasLogin && <SessionList sessions={props.sessions} reader={props.reader} />}
    </>
  );
}

function PasswordForm({ errors }: Pick<SettingsSecurityProps, "errors">) {
  return (
    <form method="post" action="/settings/security/password" class="fields">
      <TextField
        id="current"
        name="current"
        label="Present password"
        type="password"
        autocomplete="current-password"
        error={errors.current}
        required
      />
      <TextField
        id="password"
        name="password"
        label="New password"
        type="password"
        autocomplete="new-password"
        help="At least 10 characters; a few words are best."
        error={errors.password}
        required
      />
      <TextField
        id="repeat"
        name="repeat"
        label="New password again"
        type="password"
        autocomplete="new-password"
        error={errors.repeat}
        required
      />
      <div class="bar">
        <button type="submit">Change password</button>
        <span class="sub">Ends all other sessions.</span>
      </div>
    </form>
  );
}

function SessionList(props: { sessions: ShownSession[]; reader: Reader }) {
  const others = props.sessions.filter(({ isThis }) => !isThis).length;
  return (
    <section class="card" id="sessions">
      <header>
        <h2>Sessions</h2>
        {others > 0 && (
          <form method="post" action="/settings/security/sessions/end-others" class="push">
            <button type="submit" class="small" safe>
              {others === 1 ? "End the other" : `End all ${others} others`}
            </button>
          </form>
        )}
      </header>
      <table class="cards sessions">
        <thead>
          <tr>
            <th scope="col">Program</th>
            <th scope="col">Address</th>
            <th scope="col">Logged in</th>
            <th scope="col">Last seen</th>
            <th scope="col">
              <span class="hidden-text">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.sessions.map((session) => (
            <tr>
              <td>
                <bdi title={attr(session.userAgent)} safe>
                  {programOf(session.userAgent)}
                </bdi>
                {session.isThis ? <span class="tag">this one</span> : null}
              </td>
              <td>
                <bdi class="mono" safe>
                  {session.address}
                </bdi>
              </td>
              <td class="soft wide-only">
                <Ago at={session.createdAt} reader={props.reader} />
              </td>
              <td class="soft">
                <Ago at={session.lastSeenAt} reader={props.reader} />
              </td>
              <td class="right">
                {session.isThis ? null : (
                  <form method="post" action="/settings/security/sessions/end">
                    <input type="hidden" name="id" value={attr(session.id)} />
                    <button
                      type="submit"
                      class="small"
                      aria-label={attr(`End the session of ${programOf(session.userAgent)}`)}
                    >
                      End
                    </button>
                  </form>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
