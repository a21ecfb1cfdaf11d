import { newKeyState } from "../../src/pool/entry.ts";
import type { Key, KeyView } from "../../src/types.ts";

/** A key as nobody configured it: enabled, without limits. */
export function keyNamed(id: string, more: Partial<Key> = {}): Key {
  return {
    id,
    name: id,
    maskedSecret: "AIza…x7Qk",
    poolId: null,
    upstreamId: "upstream",
    tags: [],
    weight: 1,
    priority: 0,
    enabled: true,
    dailyLimit: null,
    rpmLimit: null,
    tpmLimit: null,
    maxConcurrency: null,
    createdAt: 0,
    ...more,
  };
}

/** The same as pages show it: available and never used. */
export function keyView(id: string, more: Partial<KeyView> = {}): KeyView {
  const { keyId: _, ...state } = newKeyState(id);
  return {
    ...keyNamed(id),
    ...state,
    status: "available",
    statusReason: null,
    cooldownUntil: null,
    inFlight: 0,
    minuteRequests: null,
    minuteTokens: null,
    ...more,
  };
}
