import { Argument, type Command } from "commander";
import { type AddCommand, examples } from "./command.ts";

/** One option, or one command without its arguments. */
interface Word {
  name: string;
  help: string;
}
interface Option extends Word {
  takesFile: boolean;
}
interface Known extends Word {
  options: Option[];
  /** What its argument may be, where that is a choice. */
  choices: string[];
  takesFile: boolean;
}

const NAME = "load-balancer";
/** What an option or argument is called whose value is a path. */
const PATHS = /^(file|dir)$/;

export const addCompletion: AddCommand = (program, context) => {
  program
    .command("completion")
    .summary("prints what lets a shell complete commands and options")
    .description("Prints a script for bash, zsh or fish, made from the commands and options that there are.")
    .addArgument(new Argument("<shell>").choices(Object.keys(SHELLS)))
    .addHelpText(
      "after",
      examples({
        "source <(load-balancer completion bash)": "in ~/.bashrc, and so in ~/.zshrc with zsh",
        "load-balancer completion fish > ~/.config/fish/completions/load-balancer.fish": "once",
      }),
    )
    .action((shell: string) => {
      const script = SHELLS[shell]?.(program.commands.map(knownOf));
      context.print(script ?? "");
    });
};

function knownOf(command: Command): Known {
  return {
    name: command.name(),
    help: command.summary(),
    choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    takesFile: command.registeredArguments.some((argument) => PATHS.test(argument.name())),
    options: command.options.map(({ long, description, flags }) => ({
      name: long ?? "",
      help: description,
      takesFile: PATHS.test(/<(.*)>/.exec(flags)?.[1] ?? ""),
    })),
  };
}

const SHELLS: Record<string, (commands: Known[]) => string> = {
  bash: (commands) => `_load_balancer() {
  local word="\${COMP_WORDS[COMP_CWORD]}" options="" words=""
  case "\${COMP_WORDS[1]}" in
${commands.map(bashCase).join("\n")}
  esac
  [ "$COMP_CWORD" -gt 1 ] || words="${commands.map(({ name }) => name).join(" ")}"
  case "$word" in -*) words="$options" ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _load_balancer ${NAME}`,

  zsh: (commands) => `#compdef ${NAME}
_load_balancer() {
  local -a commands=(
${commands.map(({ name, help }) => `    ${quoted(`${name}:${help}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(zshCase).join("\n")}
  esac
}
compdef _load_balancer ${NAME}`,

  fish: (commands) =>
    [
      `complete -c ${NAME} -f -n __fish_use_subcommand`,
      ...commands.flatMap(({ name, help, options, choices, takesFile }) => {
        const seen = `complete -c ${NAME} -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
        return [
          `complete -c ${NAME} -f -n __fish_use_subcommand -a ${name} -d ${quoted(help)}`,
          ...(takesFile ? [] : [`${seen} -f`]),
          ...choices.map((choice) => `${seen} -a ${choice}`),
          ...options.map(
            (option) =>
              `${seen} -l ${option.name.slice(2)} -d ${quoted(option.help)}${option.takesFile ? " -r -F" : ""}`,
          ),
        ];
      }),
    ].join("\n"),
};

function bashCase({ name, options, choices }: Known): string {
  const words = [...options.map((option) => option.name), "--help"].join(" ");
  return `    ${name}) options="${words}" words="${choices.join(" ")}" ;;`;
}

function zshCase({ name, options, choices, takesFile }: Known): string {
  const specs = [
    ...options.map(({ name: option, help, takesFile: isPath }) =>
      quoted(`${option}[${help.replaceAll(/[[\]]/g, "")}]${isPath ? ":file:_files" : ""}`),
    ),
    "'--help[print its help]'",
    ...(takesFile ? ["':file:_files'"] : []),
    ...(choices.length > 0 ? [`':choice:(${choices.join(" ")})'`] : []),
  ];
  return `    ${name}) _arguments ${specs.join(" ")} ;;`;
}

/** For all three. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
