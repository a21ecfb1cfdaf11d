/** Unpacks the file that is named and prints how much memory that took at most, in MiB. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { plainFile } from "../../../src/operations/transfer/spool.ts";

const path = process.argv[2] ?? "";
using plain = await plainFile(path, dirname(path), "child");
// Of this program alone: `maxRSS` begins with the size of the process that started it.
const peakKiB = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))?.[1]);
console.log(JSON.stringify({ bytes: Bun.file(plain.path).size, peakMiB: peakKiB / 1_024 }));
