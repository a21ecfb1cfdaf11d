import { describe, expect, test } from "bun:test";
import { dayIn, instantAt, nextMidnight } from "../src/time-zone.ts";

const HOUR = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();
const next = (now: string, zone: string) => iso(nextMidnight(Date.parse(now), zone));

describe("the day in a zone", () => {
  test("is that of the zone's clocks", () => {
    const instant = Date.parse("2025-06-30T23:30:00Z");
    expect(dayIn(instant, "UTC")).toBe("2025-06-30");
    expect(dayIn(instant, "Europe/Berlin")).toBe("2025-07-01");
    expect(dayIn(instant, "America/Los_Angeles")).toBe("2025-06-30");
    expect(dayIn(Date.parse("2025-06-30T18:14:59Z"), "Asia/Kathmandu")).toBe("2025-06-30");
    expect(dayIn(Date.parse("2025-06-30T18:15:00Z"), "Asia/Kathmandu")).toBe("2025-07-01");
  });

  test("knows leap days and years", () => {
    expect(dayIn(Date.parse("2028-02-29T12:00:00Z"), "UTC")).toBe("2028-02-29");
    expect(dayIn(Date.parse("2025-12-31T23:59:59.999Z"), "UTC")).toBe("2025-12-31");
  });

  test("of an unknown zone does not exist", () => {
    expect(() => dayIn(0, "Mars/Olympus")).toThrow(RangeError);
  });
});

describe("the next midnight", () => {
  const cases: [what: string, now: string, zone: string, midnight: string][] = [
    ["plain", "2025-06-15T12:34:56.789Z", "UTC", "2025-06-16T00:00:00.000Z"],
    [
      "from midnight itself: the following one",
      "2025-06-15T00:00:00.000Z",
      "UTC",
      "2025-06-16T00:00:00.000Z",
    ],
    ["from the last millisecond", "2025-06-15T23:59:59.999Z", "UTC", "2025-06-16T00:00:00.000Z"],
    ["Pacific, summer", "2025-07-05T03:58:42Z", "America/Los_Angeles", "2025-07-05T07:00:00.000Z"],
    ["Pacific, winter", "2025-11-21T18:30:00Z", "America/Los_Angeles", "2025-11-22T08:00:00.000Z"],
    ["the day of 23 hours", "2025-03-09T08:00:00Z", "America/Los_Angeles", "2025-03-10T07:00:00.000Z"],
    ["the day of 25 hours", "2025-11-02T07:00:00Z", "America/Los_Angeles", "2025-11-03T08:00:00.000Z"],
    [
      "half an hour of summer time",
      "2025-10-04T13:00:00Z",
      "Australia/Lord_Howe",
      "2025-10-04T13:30:00.000Z",
    ],
    ["the day after it", "2025-10-04T14:00:00Z", "Australia/Lord_Howe", "2025-10-05T13:00:00.000Z"],
    [
      "no midnight: the day begins at 01:00 (São Paulo)",
      "2018-11-03T20:00:00Z",
      "America/Sao_Paulo",
      "2018-11-04T03:00:00.000Z",
    ],
    [
      "no midnight: the day begins at 01:00 (Cairo)",
      "2024-04-25T12:00:00Z",
      "Africa/Cairo",
      "2024-04-25T22:00:00.000Z",
    ],
    [
      "midnight comes twice: the hour before it again",
      "2024-10-31T12:00:00Z",
      "Africa/Cairo",
      "2024-10-31T22:00:00.000Z",
    ],
    ["a day that was left out (Samoa)", "2011-12-29T12:00:00Z", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
    ["east of all", "2025-06-15T12:00:00Z", "Pacific/Kiritimati", "2025-06-16T10:00:00.000Z"],
  ];
  for (const [what, now, zone, midnight] of cases) test(what, () => expect(next(now, zone)).toBe(midnight));

  const zones = [
    "UTC",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Santiago",
    "Asia/Beirut",
  ];
  for (const zone of zones) {
    test(`730 days in ${zone}: each begins once, none is left out, none is longer than 25 hours`, () => {
      let now = Date.parse("2024-01-01T12:00:00Z");
      let day = dayIn(now, zone);
      for (let count = 0; count < 730; count += 1) {
        const midnight = nextMidnight(now, zone);
        expect(dayIn(midnight - 1, zone)).toBe(day);
        const following = dayIn(midnight, zone);
        expect(Date.parse(following) - Date.parse(day)).toBe(24 * HOUR);
        if (count > 0) expect(midnight - now).toBeLessThanOrEqual(25 * HOUR);
        if (count > 0) expect(midnight - now).toBeGreaterThanOrEqual(23 * HOUR);
        now = midnight;
        day = following;
      }
    });
  }

  test("more zones than are kept are still right", () => {
    for (const zone of Intl.supportedValuesOf("timeZone")) expect(nextMidnight(0, zone)).toBeGreaterThan(0);
    expect(dayIn(0, "UTC")).toBe("1970-01-01");
  });
});

test("what clocks show is one instant, also where they show it twice or never", () => {
  const cases: [shown: string, zone: string, instant: string][] = [
    ["2026-11-24T14:05", "UTC", "2026-11-24T14:05Z"],
    ["2026-11-24T14:05", "Asia/Kolkata", "2026-11-24T08:35Z"],
    ["2026-07-01T00:00", "America/New_York", "2026-07-01T04:00Z"],
    ["2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30Z"],
    ["2026-10-25T03:00", "Europe/Berlin", "2026-10-25T02:00Z"],
    ["2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30Z"],
    ["2026-03-29T03:00", "Europe/Berlin", "2026-03-29T01:00Z"],
  ];
  for (const [shown, zone, instant] of cases) {
    expect([shown, zone, instantAt(Date.parse(`${shown}Z`), zone)]).toEqual([
      shown,
      zone,
      Date.parse(instant),
    ]);
  }
});
