import type { Finding } from "../operations/doctor.ts";
import { type AddCommand, examples, Failed, JSON_OPTION } from "./command.ts";

const MARKS: Record<Finding["state"], string> = { ok: "ok   ", note: "note ", wrong: "WRONG" };

export const addDoctor: AddCommand = (program, context) => {
  program
    .command("doctor")
    .summary("checks data folder, database, secret key, each upstream and each key")
    .description(
      "Checks the data folder and its rights, the database, the settings, the secret key, whether each upstream answers, " +
        "and each key by one cheap real call (GET /models). Changes nothing, also beside a running server. Exit 1 if " +
        "something is wrong.",
    )
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples({
        "load-balancer doctor": "one line for each thing",
        "load-balancer doctor --json": "the same for a script: {healthy, findings}",
      }),
    )
    .action(async ({ json }: { json?: true }) => {
      const findings: Finding[] = [];
      for await (const finding of context.examine(context.config())) {
        findings.push(finding);
        if (!json) context.print(`${MARKS[finding.state]}  ${finding.what}: ${finding.detail}`);
      }
      const bad = findings.filter(({ state }) => state === "wrong").length;
      if (json) context.print(JSON.stringify({ healthy: bad === 0, findings }));
      if (bad > 0) throw new Failed(`${bad} of ${findings.length} checks found something wrong.`);
    });
};
