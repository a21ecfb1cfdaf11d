import type { KeyView } from "../../src/types.ts";
import { attr } from "../attr.ts";
import type { Reader } from "../format.ts";
import { exact } from "../format.ts";
import { keyPath } from "../links.ts";
import { STATUS_LOOKS } from "../statuses.tsx";
import { type KeyCounts, keysAsking, plural } from "../verdicts.ts";
import { ActionForm } from "./button.tsx";
import { KeyChip } from "./key-chip.tsx";
import { KeyStatusBadge } from "./key-status.tsx";

/** Longer lists are cut; the Keys page has them all. */
const MAX_LISTED = 8;

/** The keys that wait: first those that wait for a person, with what to do, then those that wait for time. */
export function OutOfTurn(props: { keys: KeyView[]; counts: KeyCounts; reader: Reader }) {
  const asking = (asks: string) => props.keys.filter((key) => STATUS_LOOKS[key.status].asks === asks);
  const inNeed = asking("a hand");
  const waiting = asking("patience");
  const amounts = {
    inNeed: keysAsking(props.counts, "a hand"),
    waiting: keysAsking(props.counts, "patience"),
  };
  const total = amounts.inNeed + amounts.waiting;
  return (
    <section class="card">
      <header>
        <h2>Keys out of turn</h2>
        <span class="sub" safe>
          {exact(total)}
        </span>
      </header>
      {total === 0 && <p class="inside soft">Every key takes its turn.</p>}
      {inNeed.length > 0 && (
        <>
          <h3 class="group">Need you</h3>
          <ul class="list">
            {inNeed.slice(0, MAX_LISTED).map((key) => (
              <li>
                <span class="grow">
                  <KeyChip id={key.id} name={key.name} />
                  <span class="reason" title={attr(key.statusReason ?? "")} safe>
                    {key.statusReason ?? STATUS_LOOKS[key.status].word}
                  </span>
                </span>
                <ActionForm
                  to={keyPath(key.id, "edit")}
                  method="get"
                  label="Replace"
                  title={`Give ${key.name} another secret`}
                  small
                />
                <ActionForm
                  to={keyPath(key.id, "test")}
                  method="post"
                  label="Test"
                  title={`Test ${key.name}`}
                  small
                />
              </li>
            ))}
          </ul>
          <More hidden={amounts.inNeed - MAX_LISTED} />
        </>
      )}
      {waiting.length > 0 && (
        <>
          <h3 class="group">Back by themselves</h3>
          <ul class="list">
            {waiting.slice(0, MAX_LISTED).map((key) => (
              <li>
                <span class="grow">
                  <KeyChip id={key.id} name={key.name} />
                </span>
                <KeyStatusBadge view={key} reader={props.reader} />
              </li>
            ))}
          </ul>
          <More hidden={amounts.waiting - MAX_LISTED} />
        </>
      )}
    </section>
  );
}

function More(props: { hidden: number }) {
  if (props.hidden <= 0) return "";
  return (
    <p class="inside sub" safe>
      {`and ${plural(props.hidden, "more key")}`}
    </p>
  );
}
