import { test } from "bun:test";
import { findTool, missingTool } from "./find-tool.ts";

export interface Tool {
  /** The tool's file; empty where it is missing (its tests don't run then). */
  path: string;
  /** As `test` of bun:test where the tool is there; else a test that is skipped, or fails under REQUIRE_TOOLS=1. */
  test: (name: string, body: () => Promise<void> | void, timeoutMs?: number) => void;
}

/** An outside tool that some tests need, and the Debian package that has it. Says one line where it is missing. */
export function needsTool(command: string, debianPackage: string): Tool {
  const path = findTool(command);
  if (path !== null) return { path, test };
  const missing = missingTool(command, debianPackage);
  if (process.env.REQUIRE_TOOLS === "1") {
    const fail = () => {
      throw new Error(missing);
    };
    return { path: "", test: (name) => test(name, fail) };
  }
  console.warn(`skipped: ${missing}`);
  return { path: "", test: (name, body) => test.skip(name, body) };
}
