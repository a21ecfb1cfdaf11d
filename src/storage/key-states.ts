import type { Condition, Cooldown, KeyState } from "../types.ts";
import type { Sql } from "./database.ts";
import { defineTable, json, plain, whole } from "./table.ts";
import type { Rotation } from "./types.ts";

const states = defineTable<KeyState>("key_states", {
  keyId: plain(),
  requestCount: whole(),
  successCount: whole(),
  failureCount: whole(),
  inputTokens: whole(),
  outputTokens: whole(),
  costUsd: plain(),
  strikes: whole(),
  ejections: whole(),
  unstatedLimits: whole(),
  dailyUsed: whole(),
  dailyDay: plain(),
  lastUsedAt: whole<number | null>(),
  condition: json<Condition | null>(),
  cooldowns: json<Cooldown[]>(),
});
const rotations = defineTable<Rotation>("rotations", { name: plain(), keyId: plain(), used: whole() });

const WRITE_STATE =
  `INSERT INTO key_states (${states.columns}) SELECT ${states.placeholders} ` +
  "WHERE EXISTS (SELECT 1 FROM keys WHERE id = ?) " +
  `ON CONFLICT (key_id) DO UPDATE SET ${states.overwrites}`;
const WRITE_ROTATION =
  `INSERT INTO rotations (${rotations.columns}) VALUES (${rotations.placeholders}) ` +
  `ON CONFLICT (name) DO UPDATE SET ${rotations.overwrites}`;

export function readKeyStates(sql: Sql): KeyState[] {
  return sql.all(`SELECT ${states.columns} FROM key_states`).map(states.decode);
}

/** Within a transaction. A state whose key was deleted meanwhile is left out. */
export function writeKeyState(sql: Sql, state: KeyState): void {
  sql.run(WRITE_STATE, ...states.encode(state), state.keyId);
}

export function readRotations(sql: Sql): Rotation[] {
  return sql.all(`SELECT ${rotations.columns} FROM rotations`).map(rotations.decode);
}

/** Within a transaction. */
export function writeRotation(sql: Sql, rotation: Rotation): void {
  sql.run(WRITE_ROTATION, ...rotations.encode(rotation));
}
