import { describe, expect, test } from "bun:test";
import { dirname, join, normalize } from "node:path";
import { Glob } from "bun";

const ROOT = join(import.meta.dir, "..");

/** Who may know whom. A module is a folder of `src`, a file directly in it, or `views`. See ARCHITECTURE.md. */
const MAY_IMPORT: Record<string, string[] | "everything"> = {
  main: ["app", "installation", "beside", "config", "commands", "service-manager"],
  app: "everything",
  "data-plane": "everything",
  "control-plane": "everything",
  serving: ["installation", "config", "record"],
  installation: "everything",
  beside: "everything",
  proxy: ["upstream", "pool", "record", "settings"],
  upstream: [],
  pool: [],
  record: [],
  "record/recorder": ["storage"],
  "record/rollup": ["storage"],
  operations: ["storage", "pool", "settings", "record", "secrets", "upstream"],
  admin: ["views", "operations", "settings", "record/live", "record/types", "assets"],
  "admin/session": ["storage", "secrets", "config"],
  jobs: ["operations", "settings"],
  commands: ["operations", "settings", "config"],
  "commands/health": ["upstream/own-health"],
  "service-manager": ["config"],
  storage: [],
  views: ["assets", "settings"],
};
/** The words, time, turns and the log: everyone speaks them. */
const SHARED = ["types", "clock", "log", "time-zone", "turn-end", "version"];

/** Files that are one module together. */
const ONE_MODULE: Record<string, string> = {
  "setting-types": "settings",
  "env-file": "config",
  "config-forms": "config",
};

interface Source {
  path: string;
  text: string;
  imports: string[];
}

async function sources(): Promise<Source[]> {
  const found: Source[] = [];
  for await (const path of new Glob("{src,views}/**/*.{ts,tsx}").scan(ROOT)) {
    const text = await Bun.file(join(ROOT, path)).text();
    const imports = Array.from(text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g), (match) =>
      normalize(join(dirname(path), match[1] as string)),
    );
    found.push({ path, text, imports });
  }
  return found;
}

/** `src/proxy/relay.ts` → `proxy`, `src/config.ts` → `config`, `views/x.tsx` → `views`. */
function moduleOf(path: string): string {
  const [top, second] = path.split("/") as [string, string];
  const module = second.replace(/\.tsx?$/, "");
  return top === "views" ? "views" : (ONE_MODULE[module] ?? module);
}

function detailOf(path: string): string {
  return path.replace(/^src\//, "").replace(/\.tsx?$/, "");
}

function allowed(from: string, to: string): boolean {
  const source = moduleOf(from);
  const target = moduleOf(to);
  if (source === target || SHARED.includes(target)) return true;
  const rules = [MAY_IMPORT[source], MAY_IMPORT[detailOf(from)]];
  return rules.some(
    (rule) =>
      rule === "everything" || rule?.includes(target) === true || rule?.includes(detailOf(to)) === true,
  );
}

const all = await sources();

describe("the import table", () => {
  test("there is something to check", () => {
    expect(all.length).toBeGreaterThan(50);
    expect(all.flatMap(({ imports }) => imports).length).toBeGreaterThan(200);
  });

  test("nobody imports whom it may not know", () => {
    const broken = all.flatMap(({ path, imports }) =>
      imports
        .filter(
          (target) => /^(src|views)\//.test(target) && moduleOf(path) in MAY_IMPORT && !allowed(path, target),
        )
        .map((target) => `${path} imports ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test("no import goes round in a circle", () => {
    const graph = new Map(all.map(({ path, imports }) => [path, imports]));
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, trail: string[]): void => {
      if (trail.includes(path)) {
        circles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
        return;
      }
      if (done.has(path)) return;
      for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
      done.add(path);
    };
    for (const { path } of all) walk(path, []);
    expect(circles).toEqual([]);
  });
});

/** What may stand in one place only. */
const ONLY_IN: { what: string; pattern: RegExp; where: RegExp }[] = [
  {
    what: "SQL",
    pattern: /bun:sqlite|\b(?:SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b/,
    where: /^src\/storage\//,
  },
  { what: "the environment", pattern: /\b(?:process|Bun)\.env\b/, where: /^src\/config\.ts$/ },
  {
    what: "the time",
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    where: /^src\/clock\.ts$/,
  },
  { what: "chance", pattern: /\bMath\.random\(|randomUUID/, where: /^src\/clock\.ts$/ },
  {
    what: "cryptographic chance",
    pattern: /randomBytes|getRandomValues|randomInt\(/,
    where: /^src\/secrets\.ts$/,
  },
  {
    what: "outgoing connections",
    pattern: /\bfetch\(|Bun\.connect\(|node:(?:https?|tls|dgram)"|\bnew WebSocket\(/,
    where: /^src\/upstream\//,
  },
];

describe("one place for each", () => {
  for (const { what, pattern, where } of ONLY_IN) {
    test(what, () => {
      const found = all.filter(({ path, text }) => !where.test(path) && pattern.test(withoutComments(text)));
      expect(found.map(({ path }) => path)).toEqual([]);
    });
  }

  test("no folder is a drawer for everything", () => {
    const drawers = all.filter(({ path }) =>
      /(?:^|\/)(?:utils?|common|helpers?|services?)(?:\/|\.)/.test(path),
    );
    expect(drawers.map(({ path }) => path)).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
