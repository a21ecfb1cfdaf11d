import { attr, SERVED_BY_HTMX } from "../attr.ts";
import type { Reader } from "../format.ts";
import { Clock } from "./time.tsx";

interface StoryLinkProps {
  requestId: string;
  /** When it was, epoch ms. */
  at: number;
  reader: Reader;
  milliseconds?: boolean;
}

/** A request's time, which opens its story beside the list. */
export function StoryLink({ requestId, at, reader, milliseconds = false }: StoryLinkProps) {
  const story = `/logs/${attr(encodeURIComponent(requestId))}`;
  return (
    <a class="when" href={story} hx-get={story} hx-target="#dialog" hx-swap="innerHTML" {...SERVED_BY_HTMX}>
      <Clock at={at} reader={reader} milliseconds={milliseconds} />
    </a>
  );
}
