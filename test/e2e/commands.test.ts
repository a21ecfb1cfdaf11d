import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { earlierFolder, hashes } from "../support/earlier-version.ts";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { executable, type Finished, runProgram, temporaryFolder } from "../support/process.ts";
import { signIn } from "../support/signed-in.ts";

/** The commands of the compiled program, as people and scripts run them. */
const folders: string[] = [];
const newFolder = () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const run = (folder: string, ...args: string[]) => runProgram([...executable, ...args], { folder });
async function must(folder: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run(folder, ...args);
  if (exitCode !== 0) throw new Error(`${args.join(" ")} ended with ${exitCode}: ${stderr}`);
  return stdout.trim();
}
/** Exit code, and the one line on stderr; anything on stdout fails. */
function refusal({ exitCode, stdout, stderr }: Finished): [number, string] {
  expect([stdout, stderr.trim().split("\n").length]).toEqual(["", 1]);
  return [exitCode, stderr.trim()];
}
/** Without what an export itself leaves: its time and its event. */
function comparable(text: string) {
  const { exported_at: _, key_events, ...rest } = JSON.parse(text);
  return { ...rest, key_events: key_events.filter((row: { event: string }) => row.event !== "exported") };
}

describe("without a server", () => {
  let here: string;
  let exported: string;
  beforeAll(async () => {
    here = newFolder();
    const from = earlierFolder("database.sql", "keys.json", "settings.json");
    folders.push(dirname(from));
    const before = hashes(from);
    expect(await must(here, "migrate", "--from", dirname(from), "--dry-run")).toContain("22 added");
    expect(readdirSync(here)).toEqual([]);
    expect(await must(here, "migrate", "--from", dirname(from))).toMatch(/requests +33 added/);
    expect(await must(here, "migrate", "--from", from)).toMatch(/keys +0 added, 22 here already/);
    expect(hashes(from)).toEqual(before);
    exported = await must(here, "export", "--secrets");
  });

  test("all data stands in the database's one file when a command has ended", () => {
    const changes = statSync(join(here, "data/load-balancer.db-wal"), { throwIfNoEntry: false });
    expect(changes?.size ?? 0).toBe(0);
  });

  test("an export goes through a pipe into another installation, whose export is the same", async () => {
    const [there, file] = [newFolder(), "all.json"];
    const [program] = executable;
    const pipe = `DATA_DIR='${here}/data' '${program}' export --secrets | '${program}' import -`;
    const piped = await runProgram(["sh", "-c", pipe], { folder: there });
    expect([piped.exitCode, piped.stdout]).toEqual([
      0,
      expect.stringMatching(/^Added: .*22 keys.*33 requests/),
    ]);
    expect(comparable(await must(there, "export", "--secrets"))).toEqual(comparable(exported));

    writeFileSync(join(there, "pass.txt"), "correct horse battery\n");
    await must(there, "export", "--passphrase-file", "pass.txt", "--out", file);
    const again = await must(there, "import", file, "--passphrase-file", "pass.txt");
    expect(again).toMatch(/^Added: nothing\.\nHere already: 33 requests\./);
    expect(refusal(await run(there, "import", file))).toEqual([1, expect.stringContaining("passphrase")]);
  });

  test("a backup goes back, also on another machine", async () => {
    const there = newFolder();
    await must(here, "backup", join(there, "lb.db"), "--with-secret-key");
    expect(await must(there, "restore", "lb.db")).toMatch(
      /^Restored: 22 keys and 33 requests\.\nThe secret key/,
    );
    expect(comparable(await must(there, "export", "--secrets"))).toEqual(comparable(exported));
    expect(await must(there, "restore", "lb.db")).toMatch(/is now .*before-restore/);
  });

  test("a new password opens the pages of the next start", async () => {
    const there = newFolder();
    expect(refusal(await run(there, "reset-password"))).toEqual([1, expect.stringContaining("no database")]);
    writeFileSync(join(there, "keys.txt"), "first=sk-first-0123456789\n");
    expect(await must(there, "import", "keys.txt")).toBe("Added: 1 key.");
    const { password } = JSON.parse(await must(there, "reset-password", "--json"));
    await using server = await startExecutable({ folder: there, env: { ADMIN_PASSWORD: "" } });
    expect((await (await signIn(server.url, password)).get("/keys")).html).toContain("first");
  });

  test("version, licences, help, and what is no command", async () => {
    const there = newFolder();
    const version = await must(there, "version");
    expect(JSON.parse(await must(there, "version", "--json"))).toEqual({ version });
    expect(await must(there, "version", "--licenses")).toMatch(/MIT[\s\S]*elysia/i);
    const help = await must(there, "help");
    for (const name of [
      "serve",
      "migrate",
      "import",
      "export",
      "backup",
      "restore",
      "doctor",
      "reset-password",
    ]) {
      expect(help).toContain(`  ${name} `);
      expect(await must(there, "help", name)).toContain(`Usage: load-balancer ${name}`);
    }
    expect(refusal(await run(there, "improt"))).toEqual([2, expect.stringContaining("Did you mean import?")]);
    expect(refusal(await run(there, "import"))).toEqual([
      2,
      expect.stringContaining("Missing required argument"),
    ]);
    expect(refusal(await run(there, "health"))).toEqual([1, expect.any(String)]);
    expect(readdirSync(there)).toEqual([]);
  });
});

test("beside a running server: what is safe is done, the rest is refused with the way out", async () => {
  const folder = newFolder();
  using upstream = startFakeUpstream({ keys: ["sk-beside-0123456789"] });
  await using server = await startExecutable({ folder, env: { ADMIN_PASSWORD: "" } });
  await server.setUp(upstream.url, ["sk-beside-0123456789"]);
  const asServer = { PORT: new URL(server.url).port };
  const beside = (...args: string[]) => runProgram([...executable, ...args], { folder, env: asServer });

  expect(await beside("health")).toMatchObject({ exitCode: 0, stdout: "ok\n" });
  const doctor = await beside("doctor", "--json");
  expect([doctor.exitCode, JSON.parse(doctor.stdout).healthy]).toEqual([0, true]);
  expect(await beside("backup", "lb.db")).toMatchObject({ exitCode: 0 });
  expect(JSON.parse((await beside("export", "--keys", "--secrets")).stdout).keys).toMatchObject([
    { secret: "sk-beside-0123456789" },
  ]);

  const person = await signIn(
    server.url,
    (await Bun.file(join(folder, "data/initial-password")).text()).trim(),
  );
  expect((await person.get("/keys")).html).toContain("<h1");
  const { stdout: password, stderr } = await beside("reset-password");
  expect(stderr).toContain("all sessions have ended");
  expect((await person.get("/keys")).html).toContain('name="password"');
  expect((await (await signIn(server.url, password.trim())).get("/keys")).html).not.toContain(
    'name="password"',
  );

  writeFileSync(join(folder, "keys.txt"), "sk-another-0123456789\n");
  const from = earlierFolder("database.sql");
  folders.push(dirname(from));
  for (const args of [
    ["import", "keys.txt"],
    ["migrate", "--from", from],
    ["restore", "lb.db"],
  ])
    expect(refusal(await beside(...args))).toEqual([
      1,
      expect.stringContaining("is running on the data folder"),
    ]);
  expect(await server.keys()).toHaveLength(1);
  expect(await server.stop()).toBe(0);
  expect(await beside("restore", "lb.db")).toMatchObject({ exitCode: 0 });
});
