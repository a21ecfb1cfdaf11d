import type { BulkAction, BulkRun } from "../../src/types.ts";
import { exact } from "../format.ts";
import { ActionForm } from "./button.tsx";

const DOING: Record<BulkAction, string> = {
  enable: "Enabling",
  disable: "Disabling",
  delete: "Deleting",
  reset: "Resetting",
  move: "Moving",
  set_limits: "Limiting",
  add_tags: "Tagging",
  remove_tags: "Untagging",
};

/** Changes of many keys that are under way, and those that ended before their end. */
export function BulkProgress(props: { runs: BulkRun[] }) {
  if (props.runs.length === 0) return "";
  return (
    <ul class="card runs" aria-label="Changes under way">
      {props.runs.map((run) => (
        <li>
          <span class="grow" safe>
            {runText(run)}
          </span>
          <progress class="run" value={run.done} max={run.total} aria-label={DOING[run.action]} />
          {run.endedAt === null && (
            <ActionForm
              to={`/keys/bulk/${encodeURIComponent(run.id)}/stop`}
              method="post"
              label="Stop"
              small
            />
          )}
        </li>
      ))}
    </ul>
  );
}

export function runText(run: BulkRun): string {
  const far = `${exact(run.done)} of ${exact(run.total)} keys`;
  if (run.stopped !== null) return `${DOING[run.action]} ended after ${far}: ${run.stopped}`;
  return `${DOING[run.action]} ${far}`;
}
