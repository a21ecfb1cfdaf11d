/** Unpacks the file that is named and prints how much memory that took at most, in MiB. */
import { dirname } from "node:path";
import { plainFile } from "../../../src/operations/transfer/spool.ts";

const path = process.argv[2] ?? "";
using plain = await plainFile(path, dirname(path), "child");
console.log(
  JSON.stringify({ bytes: Bun.file(plain.path).size, peakMiB: process.resourceUsage().maxRSS / 1_024 }),
);
