import type { KeyEvent, KeyStatus } from "../../src/types.ts";
import { fullTime, moment, type Reader, UNKNOWN } from "../format.ts";
import { Badge } from "./badge.tsx";
import { KeyChip } from "./key-chip.tsx";

interface EventLook {
  word: string;
  /** Whose colour and icon it borrows; undefined: plain words. */
  looks?: KeyStatus;
}

const EVENT_LOOKS: Record<string, EventLook> = {
  added: { word: "Added" },
  edited: { word: "Edited" },
  enabled: { word: "Enabled" },
  disabled: { word: "Disabled", looks: "disabled" },
  deleted: { word: "Deleted" },
  cooled: { word: "Cooling", looks: "cooling" },
  ejected: { word: "Ejected", looks: "ejected" },
  recovered: { word: "Available", looks: "available" },
  invalid: { word: "Invalid", looks: "invalid" },
  no_credit: { word: "No credit", looks: "no_credit" },
  reset: { word: "Reset" },
  tested: { word: "Tested" },
  settings_changed: { word: "Settings changed" },
  logged_in: { word: "Logged in" },
  password_changed: { word: "Password changed" },
  logs_cleaned: { word: "Log cleaned" },
  login_failed: { word: "Login failed", looks: "invalid" },
};

interface EventTableProps {
  events: KeyEvent[];
  /** On a key's own page the key needs no column. */
  withKey: boolean;
  /** Ids of keys that still exist. */
  names: ReadonlyMap<string, string>;
  reader: Reader;
}

/** What happened to keys, settings and sessions, by whom. */
export function EventTable(props: EventTableProps) {
  return (
    <table class="cards events">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Event</th>
          {props.withKey && <th scope="col">Key</th>}
          <th scope="col">Detail</th>
          <th scope="col">By</th>
        </tr>
      </thead>
      <tbody>
        {props.events.map((event) => (
          <tr>
            <td class="c-key soft">
              <time datetime={new Date(event.at).toISOString()} title={fullTime(event.at, props.reader)} safe>
                {moment(event.at, props.reader)}
              </time>
            </td>
            <td class="c-status">
              <EventBadge event={event.event} />
            </td>
            {props.withKey && (
              <td class="c-served">
                <EventKey event={event} names={props.names} />
              </td>
            )}
            <td class="c-reason">
              <bdi safe>{event.detail}</bdi>
            </td>
            <td class="wide-only soft" safe>
              {event.actor}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function EventBadge(props: { event: string }) {
  const known = Object.hasOwn(EVENT_LOOKS, props.event) ? EVENT_LOOKS[props.event] : undefined;
  const look = known ?? { word: props.event.replaceAll("_", " ") };
  if (look.looks === undefined) return <span safe>{look.word}</span>;
  return <Badge looks={look.looks} word={look.word} />;
}

/** Events keep the name that the key had then. */
function EventKey(props: { event: KeyEvent; names: ReadonlyMap<string, string> }) {
  const { keyId, keyName } = props.event;
  if (keyId === null) return <span class="soft">{UNKNOWN}</span>;
  return <KeyChip id={keyId} name={keyName} linked={props.names.has(keyId)} />;
}
