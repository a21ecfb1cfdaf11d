import { STRATEGIES, type Strategy } from "../../src/types.ts";

/** Each zone around the days on which its clocks are set forth and back; in proof, two whole years from there. */
const ZONES: { zone: string; starts: [forth: string, back: string] }[] = [
  { zone: "UTC", starts: ["2026-02-20T00:00:00Z", "2027-12-20T00:00:00Z"] },
  { zone: "America/New_York", starts: ["2026-02-25T00:00:00Z", "2026-10-20T00:00:00Z"] },
  { zone: "America/Los_Angeles", starts: ["2028-02-20T00:00:00Z", "2026-10-20T00:00:00Z"] },
  { zone: "Europe/Berlin", starts: ["2026-03-15T00:00:00Z", "2026-10-10T00:00:00Z"] },
  { zone: "Australia/Lord_Howe", starts: ["2026-09-20T00:00:00Z", "2026-03-20T00:00:00Z"] },
  { zone: "Africa/Cairo", starts: ["2026-04-10T00:00:00Z", "2026-10-15T00:00:00Z"] },
];

/** Worlds that are tried one by one: `proof` takes some minutes for each. */
export const PARTS = ZONES.flatMap(({ zone, starts }) => starts.map((startIso) => ({ zone, startIso }))).map(
  (part, index) => {
    const strategy = STRATEGIES[index % STRATEGIES.length] as Strategy;
    return { ...part, strategy, name: `${strategy}, ${part.zone} from ${part.startIso.slice(0, 10)}` };
  },
);
