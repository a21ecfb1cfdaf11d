import { type Config, socketOf } from "../config.ts";
import { StartError } from "../types.ts";
import { askOwnHealth } from "../upstream/own-health.ts";
import { type AddCommand, examples } from "./command.ts";

export const addHealth: AddCommand = (program, context) => {
  program
    .command("health")
    .summary("asks the running server on this machine whether it serves")
    .description(
      "Asks GET /health of the server that runs with the same HOST and PORT on this machine. For the health check of " +
        "a container, which has no other program inside.",
    )
    .addHelpText("after", examples({ "load-balancer health": "exit 0 while it serves, 1 otherwise" }))
    .action(async () => {
      const problem = await askOwnHealth(ownUrl(context.config()), socketOf(context.config().host));
      if (problem !== null) throw new StartError(problem);
      context.print("ok");
    });
};

/** A server that listens on all addresses is asked on loopback. */
function ownUrl({ host, port, tls }: Pick<Config, "host" | "port" | "tls">): string {
  if (socketOf(host) !== null) return `${tls === null ? "http" : "https"}://localhost`;
  const name = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  return `${tls === null ? "http" : "https"}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
