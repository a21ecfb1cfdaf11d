/** `bun run bench [scene …]`: measures what the scenes say; without a name the first one. */
import { runPoolScene } from "./pool.ts";
import { runProxyScene } from "./proxy.ts";
import { runRecordingScene } from "./recording.ts";
import { run as runClientScene } from "./upstream-client.ts";

interface Scene {
  name: string;
  what: string;
  run(): Promise<void>;
}

const SCENES: Scene[] = [
  {
    name: "proxy",
    what: "JSON at 64 connections, the executable against nginx, a core each",
    run: runProxyScene,
  },
  {
    name: "client",
    what: "the way out against fetch and node:http, CPU of this side alone",
    run: runClientScene,
  },
  {
    name: "pool",
    what: "claim + release, each strategy, with 100 and with 10,000 keys",
    run: runPoolScene,
  },
  {
    name: "recording",
    what: "the program with and without its records",
    run: runRecordingScene,
  },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SCENES.some((scene) => scene.name === name));
if (unknown.length > 0) {
  console.error(`Unknown scene: ${unknown.join(" ")}. There are:`);
  for (const { name, what } of SCENES) console.error(`  ${name.padEnd(8)} ${what}`);
  process.exit(2);
}
for (const { name, what, run } of SCENES) {
  if (!(wanted.length === 0 ? name === SCENES[0]!.name : wanted.includes(name))) continue;
  console.log(`${name}: ${what}`);
  await run();
}
