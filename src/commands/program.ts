import { Command, CommanderError } from "commander";
import { ConflictError, InputError, NotFoundError, StartError } from "../types.ts";
import { version } from "../version.ts";
import { addBackup } from "./backup.ts";
import { type AddCommand, type CommandContext, Failed } from "./command.ts";
import { addCompletion } from "./completion.ts";
import { addDoctor } from "./doctor.ts";
import { addExport } from "./export.ts";
import { addHealth } from "./health.ts";
import { addHelp, environmentHelp } from "./help.ts";
import { addImport } from "./import.ts";
import { addMigrate } from "./migrate.ts";
import { addResetPassword } from "./reset-password.ts";
import { addRestore } from "./restore.ts";
import { addServe } from "./serve.ts";
import { addVersion } from "./version.ts";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** Every command, in the order of the help. */
const COMMANDS: readonly AddCommand[] = [
  addServe,
  addMigrate,
  addImport,
  addExport,
  addBackup,
  addRestore,
  addDoctor,
  addResetPassword,
  addHealth,
  addVersion,
  addCompletion,
  addHelp,
];

/**
 * Runs the command that `args` name; none: `serve`.
 * @returns the exit code: 0 success, 1 failure, 2 wrong usage. What went wrong stands in one line on stderr.
 */
export async function runCommand(args: string[], context: CommandContext): Promise<number> {
  const program = createProgram(context, args[0] ?? "");
  try {
    await program.parseAsync(args.length === 0 ? ["serve"] : args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    context.tell(failure(error));
    return EXIT_FAILURE;
  }
}

function createProgram(context: CommandContext, asked: string): Command {
  const program = new Command("load-balancer")
    .description(`Load Balancer ${version}: one OpenAI base URL over many API keys.`)
    .version(version, "-v, --version", "print the version")
    .helpOption("-h, --help", "print this")
    .helpCommand(false)
    .addHelpText("after", environmentHelp)
    .configureHelp({ helpWidth: 110 })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.print(text.trimEnd()),
      outputError: (text) =>
        context.tell(
          usageLine(
            text,
            asked !== "help" && program.commands.some((one) => one.name() === asked) ? asked : null,
          ),
        ),
    });
  for (const add of COMMANDS) add(program, context);
  return program;
}

/** The library's words as one line that also says where to read on. */
function usageLine(text: string, known: string | null): string {
  const [problem = "", ...hints] = text
    .trim()
    .replace(/^error: /, "")
    .split("\n");
  const said = problem.replace(/^unknown command '(.*)'$/, "Unknown command: $1").replace(/\.?$/, ".");
  const hint = hints.map((line) => ` ${line.replace(/^\((.*)\)$/, "$1")}`).join("");
  const where =
    known === null
      ? "`load-balancer help` lists what there is"
      : `\`load-balancer help ${known}\` tells more`;
  return `${said[0]?.toUpperCase()}${said.slice(1)}${hint} ${where}.`;
}

const EXPECTED = [Failed, StartError, InputError, ConflictError, NotFoundError];

function failure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!EXPECTED.some((kind) => error instanceof kind)) return unexpected(error);
  if (!(error instanceof InputError)) return error.message;
  const untold = Object.entries(error.fields).filter(([, problem]) => !error.message.includes(problem));
  return [error.message, ...untold.map(([name, problem]) => `${name}: ${problem}.`)].join(" ");
}

/** A fault of this program, told with the place where it is, for a report. */
function unexpected(error: Error): string {
  const place =
    error.stack
      ?.split("\n")
      .find((line) => line.trim().startsWith("at "))
      ?.trim() ?? "";
  return `A fault of this program, please report it: ${error.message} (${place})`;
}
