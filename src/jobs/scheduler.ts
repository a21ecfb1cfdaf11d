import type { Logger } from "../log.ts";

/** Something done again and again, beside the requests. */
export interface Job {
  name: string;
  everyMs: number;
  run(): Promise<void>;
}

/**
 * Runs each job at its pace, never two runs of one job at once. What throws is logged, and the job runs again at its
 * next time. Answers a function that ends it.
 */
export function startJobs(jobs: readonly Job[], log: Logger): () => void {
  const timers = jobs.map((job) => {
    let isRunning = false;
    const timer = setInterval(async () => {
      if (isRunning) return;
      isRunning = true;
      try {
        await job.run();
      } catch (error) {
        log.error("a job failed; it runs again at its next time", { job: job.name, error });
      } finally {
        isRunning = false;
      }
    }, job.everyMs);
    timer.unref();
    return timer;
  });
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}
