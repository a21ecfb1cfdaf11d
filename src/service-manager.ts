import type { Config } from "./config.ts";
import type { Logger } from "./log.ts";

/** Part of systemd, so it is there wherever systemd waits for word. The protocol's datagrams the runtime cannot send. */
const TOOL = "systemd-notify";
/** Signs of life in the time that the service manager waits for one. */
const SIGNS_IN_TIME = 3;

/** Tells the service manager how things stand; without one it does nothing. */
export interface ServiceManager {
  /** The port is open. From now on signs of life follow, where they are waited for, as long as the event loop turns. */
  ready(status: string): void;
  stopping(): void;
}

/** `sd_notify` by the tool that systemd brings, so that no foreign code has to be loaded into the process. */
export function createServiceManager(config: Pick<Config, "notify">, log: Logger): ServiceManager {
  const { notify } = config;
  if (notify === null) return { ready: () => undefined, stopping: () => undefined };
  let signs: ReturnType<typeof setInterval> | undefined;
  let isMissing = false;
  const tell = (...states: string[]) => {
    if (isMissing) return;
    try {
      Bun.spawn([TOOL, ...states], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    } catch (error) {
      isMissing = true;
      log.error(`${TOOL} cannot be run: use Type=exec in the unit and no WatchdogSec`, { error });
    }
  };
  return {
    ready(status) {
      tell("READY=1", `STATUS=${status}`);
      if (notify.watchdogMs === null) return;
      signs = setInterval(() => tell("WATCHDOG=1"), notify.watchdogMs / SIGNS_IN_TIME);
    },
    stopping() {
      // Signs of life go on: draining may take longer than the watchdog waits.
      tell("STOPPING=1", "STATUS=running requests may finish");
      signs?.unref();
    },
  };
}
