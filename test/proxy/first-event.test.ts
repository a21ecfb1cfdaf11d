import { describe, expect, test } from "bun:test";
import { firstEvent } from "../../src/proxy/first-event.ts";

describe("the first event of a stream", () => {
  const streams: [what: string, text: string, name: string, data: string, ended: boolean][] = [
    ["LF", "data: a\n\ndata: b\n\n", "", "a", true],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", "", "a", true],
    ["CR", "data: a\r\rdata: b\r\r", "", "a", true],
    ["no space after the colon", "data:a\n\n", "", "a", true],
    ["only one space is taken", "data:  a\n\n", "", " a", true],
    ["several data lines", "data: a\ndata: b\n\n", "", "a\nb", true],
    ["comments before it", ": hello\n\n: hello\n\ndata: a\n\n", "", "a", true],
    [
      "other fields before and in it",
      "retry: 3000\nid: 1\nevent: message\ndata: a\n\n",
      "message",
      "a",
      true,
    ],
    ["an event without data before it", "event: ping\n\ndata: a\n\n", "", "a", true],
    ["a field without a colon", "data\n\n", "", "", true],
    ["a byte order mark", "\ufeffdata: a\n\n", "", "a", true],
    ["llama.cpp's field for errors", "error: a\n\n", "error", "a", true],
    ["not ended by a blank line", "data: a\n", "", "a", false],
    ["not ended by a line end", "event: x\ndata: a", "x", "a", false],
  ];
  for (const [what, text, name, data, ended] of streams) {
    test(what, () => expect(firstEvent(text)).toEqual({ name, data, ended }));
  }

  test("is none where only comments or nothing came", () => {
    for (const text of ["", "\n\n", ": hello\n\n", "event: ping\n\n", "id: 1"])
      expect(firstEvent(text)).toBeNull();
  });
});
