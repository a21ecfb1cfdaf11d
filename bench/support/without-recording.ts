/** Preloaded before the program: requests leave no record, count in no metric, and keys' states are not written. */
import { RequestCounts } from "../../src/record/metrics.ts";
import { Recorder } from "../../src/record/recorder.ts";

const nothing = () => {};
RequestCounts.prototype.ended = nothing;
Recorder.prototype.record = nothing;
Recorder.prototype.keyState = nothing;
Recorder.prototype.rotated = nothing;
