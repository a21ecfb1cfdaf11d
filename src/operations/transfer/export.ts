import type { Clock } from "../../clock.ts";
import type { SecretBox } from "../../secrets.ts";
import { settingRows } from "../../settings.ts";
import {
  type ExportHead,
  FORMAT_NAME,
  FORMAT_VERSION,
  LIST_SCHEMAS,
  type ListName,
} from "../../storage/transfer-schema.ts";
import type { DataReader, ExportedConfig, LongList } from "../../storage/types.ts";
import { Wires } from "../../storage/wire.ts";
import { version } from "../../version.ts";
import { unsealed } from "../secret-settings.ts";
import type { ExportOptions, ExportSecrets } from "../types.ts";
import { sealText, sealUnder } from "./passphrase.ts";

/** What a key needs to be a key somewhere else. */
const KEY_LISTS: readonly ListName[] = ["upstreams", "pools", "keys"];

interface ExportDeps {
  reader: DataReader;
  secretBox: SecretBox;
  clock: Clock;
}

/** What becomes of a secret: its text in the file, or undefined where it is left out. */
type ShowSecret = (secret: string) => string | undefined;

/**
 * The whole installation as one JSON document, piece by piece, each read when the one before was taken. Password,
 * sessions and the secret key are not part of it; secrets only where `secrets` says so.
 * @throws InputError for a passphrase that cannot be used, before the first piece.
 */
export async function exportData(
  { reader, secretBox, clock }: ExportDeps,
  { secrets, lists = "all", progress }: ExportOptions,
): Promise<AsyncGenerator<string>> {
  const { head, show } = await secretsOf(secrets);
  const config = await reader.config();
  const { rows: total, ends } = await reader.ends();
  const wires = new Wires();
  const short = shortLists(config, wires, (sealed) => show(secretBox.open(sealed)));

  async function* pieces(): AsyncGenerator<string> {
    const first: ExportHead = {
      format: FORMAT_NAME,
      version: FORMAT_VERSION,
      program: version,
      exported_at: new Date(clock.now()).toISOString(),
      secrets: head,
      settings: lists === "all" ? settingsOf(unsealed(config.settings, secretBox), show) : {},
    };
    const members = Object.entries(first).map(
      ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`,
    );
    yield `{\n${members.join(",\n")}`;
    for (const list of lists === "all" ? (Object.keys(LIST_SCHEMAS) as ListName[]) : KEY_LISTS) {
      yield `,\n"${list}": [\n`;
      const written = short[list];
      if (written !== undefined) yield written;
      else yield* longList(list as LongList);
      yield "\n]";
    }
    yield "\n}\n";
  }

  async function* longList(list: LongList): AsyncGenerator<string> {
    let done = 0;
    let separator = "";
    for (let after: Parameters<DataReader["rows"]>[1] = null; ; ) {
      const slice = await reader.rows(list, after, ends[list]);
      if (slice.rows > 0) yield separator + slice.text;
      separator = ",\n";
      done += slice.rows;
      if (list === "requests") progress?.(done, total);
      if (slice.next === null) return;
      after = slice.next;
    }
  }

  return pieces();
}

async function secretsOf(secrets: ExportSecrets): Promise<{ head: ExportHead["secrets"]; show: ShowSecret }> {
  if (secrets === "none") return { head: "none", show: () => undefined };
  if (secrets === "plain") return { head: "plain", show: (secret) => secret };
  const { box, head } = await sealUnder(secrets.passphrase);
  return { head, show: (secret) => sealText(box, secret) };
}

function shortLists(
  { upstreams, pools, keys, states, rotations }: ExportedConfig,
  wires: Wires,
  show: (sealed: Uint8Array) => string | undefined,
): Partial<Record<ListName, string>> {
  const text = (list: ListName, items: object[]) =>
    items.map((item) => JSON.stringify(wires.of(list).encode(item))).join(",\n");
  const stateOf = new Map(states.map((state) => [state.keyId, state]));
  const shown = keys.map((key) => ({
    ...key,
    secret: show(key.sealedSecret),
    state: stateOf.get(key.id) ?? null,
  }));
  return {
    upstreams: text("upstreams", upstreams),
    pools: text("pools", pools),
    keys: text("keys", shown),
    rotations: text("rotations", rotations),
  };
}

/** Those that are not at their default, in the order of their table. */
function settingsOf(stored: Record<string, unknown>, show: ShowSecret): Record<string, unknown> {
  const entries = settingRows
    .filter(({ name }) => stored[name] !== undefined)
    .map(
      ({ name, type }) => [name, type.isSecret === true ? show(String(stored[name])) : stored[name]] as const,
    );
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
