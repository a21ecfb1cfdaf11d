/** What the first event of an event stream holds. */
interface FirstEvent {
  /** The `event:` field; "" where there is none. */
  name: string;
  /** The `data:` lines joined by LF. */
  data: string;
  /** A blank line ended it; otherwise the text ended inside it. */
  ended: boolean;
}

const LINE = /([^\r\n]*)(\r\n|\r|\n|$)/y;

/**
 * The first event that carries data; comments, other fields and events without data are passed over. Null where
 * there is none. Lines end with LF, CRLF or CR (WHATWG HTML, 9.2.6).
 */
export function firstEvent(text: string): FirstEvent | null {
  let name = "";
  let data: string | null = null;
  LINE.lastIndex = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (LINE.lastIndex < text.length) {
    const line = LINE.exec(text)?.[1] ?? "";
    if (line === "") {
      if (data !== null) return { name, data, ended: true };
      name = "";
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") data = data === null ? value : `${data}\n${value}`;
    else if (field === "event") name = value;
    // Older llama.cpp servers have a field of their own for errors.
    else if (field === "error") {
      name = "error";
      data = value;
    }
  }
  return data === null ? null : { name, data, ended: false };
}
