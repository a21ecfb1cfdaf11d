/** The storage worker: a thread with a connection of its own for everything that takes longer than a point read. */
import { InputError } from "../types.ts";
import { openWorkerDatabase } from "./database.ts";
import { createReaderTasks, type TaskAnswer, type TaskCall } from "./reader-tasks.ts";

declare const self: Worker;

type Task = (...args: unknown[]) => unknown;

self.onmessage = ({ data: path }: MessageEvent<string>) => {
  const sql = openWorkerDatabase(path);
  const tasks = createReaderTasks(sql) as unknown as Record<string, Task>;
  self.onmessage = async ({ data }: MessageEvent<TaskCall | "close">) => {
    if (data === "close") {
      sql.close();
      process.exit();
    }
    self.postMessage(await answer(tasks, data));
  };
};

async function answer(tasks: Record<string, Task>, { id, name, args }: TaskCall): Promise<TaskAnswer> {
  try {
    return { id, value: await tasks[name]!(...args) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { id, error: { message, fields: error instanceof InputError ? error.fields : null } };
  }
}
