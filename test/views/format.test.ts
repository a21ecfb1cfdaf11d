import { describe, expect, test } from "bun:test";
import { attr, jsonAttr } from "../../views/attr.ts";
import {
  ago,
  bytes,
  clock,
  count,
  countdown,
  date,
  duration,
  fullTime,
  knownTimeZone,
  moment,
  percent,
  type Reader,
} from "../../views/format.ts";

const NOW = Date.parse("2026-11-24T14:04:26Z");
const reader: Reader = { now: NOW, timeZone: "Europe/Berlin" };
const DAY = 86_400_000;

describe("numbers", () => {
  test("are exact below 10,000 and have three digits above", () => {
    const said = [0, 9_418, 9_999, 10_000, 12_400, 999_499, 999_500, 3_141_592, 34_800_000].map(count);
    expect(said).toEqual(["0", "9,418", "9,999", "10.0 k", "12.4 k", "999 k", "1.00 M", "3.14 M", "34.8 M"]);
  });

  test("unknown is no zero", () => {
    expect(count(null)).toBe("–");
    expect(duration(null)).toBe("–");
    expect(percent(0, 0)).toBe("–");
    expect(ago(null, reader)).toBe("–");
    expect([count(0), percent(0, 5), duration(0)]).toEqual(["0", "0 %", "0 ms"]);
  });

  test("a share is never rounded to all or nothing", () => {
    expect(percent(9_999, 10_000)).toBe("99.9 %");
    expect(percent(1, 1_000_000)).toBe("< 0.01 %");
    expect([percent(5, 5), percent(9_872, 10_000), percent(21, 10_000)]).toEqual([
      "100 %",
      "98.7 %",
      "0.21 %",
    ]);
  });

  test("bytes and durations", () => {
    expect([bytes(812), bytes(71_400), bytes(9_800_000)]).toEqual(["812 B", "71.4 kB", "9.80 MB"]);
    const said = [42, 999.4, 1_240, 30_000, 65_000, 3 * 3_600_000 + 720_000, 4 * DAY + 6 * 3_600_000].map(
      duration,
    );
    expect(said).toEqual(["42 ms", "999 ms", "1.24 s", "30 s", "1 min 5 s", "3 h 12 min", "4 d 6 h"]);
  });
});

describe("times", () => {
  test("are told in the reader's zone", () => {
    expect(clock(NOW, reader)).toBe("15:04:26");
    expect(date(NOW, reader)).toBe("24 Nov 2026");
    expect(fullTime(NOW, reader)).toBe("24 Nov 2026, 15:04:26 CET");
  });

  test("the day is named where it is another one", () => {
    expect(moment(NOW, reader)).toBe("15:04");
    expect(moment(NOW + DAY, reader)).toBe("Wed 15:04");
    expect(moment(NOW - 90 * DAY, reader)).toBe("26 Aug 2026 16:04");
  });

  test("how long ago, and how long still", () => {
    const said = [1_000, 18_000, 190_000, 7_300_000, 3 * DAY].map((past) => ago(NOW - past, reader));
    expect(said).toEqual(["now", "18 s ago", "3 min ago", "2 h ago", "3 d ago"]);
    expect([countdown(38_200), countdown(0), countdown(-5), countdown(3_725_000)]).toEqual([
      "0:39",
      "0:00",
      "0:00",
      "1:02:05",
    ]);
  });

  test("an unknown zone is UTC", () => {
    const given = ["Asia/Tokyo", "No/Where", "x".repeat(100), "<b>", undefined].map(knownTimeZone);
    expect(given).toEqual(["Asia/Tokyo", "UTC", "UTC", "UTC", "UTC"]);
  });
});

test("what stands in an attribute can neither end it nor look like a tag", () => {
  expect(attr(`<hx-partial a="&quot;">`)).toBe(`&lt;hx-partial a="&amp;quot;"&gt;`);
  expect(jsonAttr({ a: "<&" })).toBe(`{"a":"&lt;&amp;"}`);
});
