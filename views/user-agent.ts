/** What a person calls the program behind a `user-agent`; the first that fits. */
const PROGRAMS: readonly [sign: RegExp, name: string][] = [
  [/\bEdg(?:A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];
const SYSTEMS: readonly [sign: RegExp, name: string][] = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];
const LONGEST_PLAIN_CHARS = 40;

/** "Firefox on Linux"; a program that is no browser by its own first word. */
export function programOf(userAgent: string): string {
  const find = (table: typeof PROGRAMS) => table.find(([sign]) => sign.test(userAgent))?.[1];
  const program = find(PROGRAMS);
  const system = find(SYSTEMS);
  if (program !== undefined) return system === undefined ? program : `${program} on ${system}`;
  return userAgent.split(/\s/, 1)[0]?.slice(0, LONGEST_PLAIN_CHARS) || "Unknown program";
}
