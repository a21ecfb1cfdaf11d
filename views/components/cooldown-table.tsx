import type { KeyView } from "../../src/types.ts";
import type { Reader } from "../format.ts";
import { StatusIcon } from "../statuses.tsx";
import { Countdown } from "./time.tsx";

/** The rate limits in force, by model. */
export function CooldownTable(props: { view: KeyView; reader: Reader }) {
  const { cooldowns } = props.view;
  return (
    <section class="card">
      <header class="ruled">
        <h2>Cooldowns by model</h2>
      </header>
      {cooldowns.length === 0 ? (
        <p class="inside soft top">None: no model is rate-limited on this key.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">Back in</th>
                <th scope="col">Reason</th>
              </tr>
            </thead>
            <tbody>
              {cooldowns.map((cooldown) => (
                <tr>
                  <td>
                    {cooldown.model === null ? (
                      "every model"
                    ) : (
                      <bdi class="mono cut" safe>
                        {cooldown.model}
                      </bdi>
                    )}
                  </td>
                  <td>
                    <span class="badge loud is-cooling">
                      <StatusIcon status="cooling" />
                      <Countdown until={cooldown.until} reader={props.reader} />
                    </span>
                  </td>
                  <td>
                    <bdi class="wrap-text soft" safe>
                      {cooldown.reason}
                    </bdi>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
