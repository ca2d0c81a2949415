import { type CommandShape, everyCommand, type OptionShape } from "./command-tree.js";

/** A shell's completion of a program: it knows all by itself and starts nothing at a press of the key. */
export type CompletionScript = (name: string, program: CommandShape) => string;

/** As one word of a POSIX shell, zsh or fish. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export const bashScript: CompletionScript = (name, program) => {
  const commands = everyCommand(program);
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap((option): string[] =>
      option.value === null
        ? []
        : [`    ${quoted(`${path.join(" ")} ${option.long}`)}) ${bashValue(option)}; return ;;`],
    ),
  );
  const words = commands.map(({ path, options, commands: below, argument }) => {
    const plain =
      argument === null
        ? { value: "other", choices: below.map((each) => each.path.at(-1)!) }
        : { ...argument, value: argument.kind };
    const others =
      plain.choices.length > 0
        ? bashWords(plain.choices)
        : bashValue({ value: argument?.kind ?? "other", choices: [] });
    return `    ${quoted(path.join(" "))}) if [[ $cur == -* ]]; then ${bashWords(options.map(({ long }) => long))}; else ${others}; fi ;;`;
  });
  const steps = commands
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => {
      return `      ${quoted(`${path.slice(0, -1).join(" ")}/${path.at(-1)}`)}) command=${quoted(path.join(" "))} ;;`;
    });
  return `# bash completion for ${name}: source <(${name} completion bash)
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command/$word" in
${steps.join("\n")}
    esac
  done
  COMPREPLY=()
  case "$command $prev" in
${values.join("\n")}
  esac
  case "$command" in
${words.join("\n")}
  esac
}
complete -F _${name} ${name}
`;
};

function bashWords(words: readonly string[]): string {
  return `mapfile -t COMPREPLY < <(compgen -W ${quoted(words.join(" "))} -- "$cur")`;
}

function bashValue({ value, choices }: Pick<OptionShape, "value" | "choices">): string {
  if (value === "choice") return bashWords(choices);
  if (value === "other" || value === null) return ":";
  // compopt has a say only while a key is answered.
  const paths = `mapfile -t COMPREPLY < <(compgen -${value === "file" ? "f" : "d"} -- "$cur")`;
  return `compopt -o filenames 2>/dev/null; ${paths}`;
}

export const zshScript: CompletionScript = (name, program) => {
  const functions = everyCommand(program).map((command) => zshFunction(name, command));
  return `#compdef ${name}
# zsh completion for ${name}: source <(${name} completion zsh), or a file _${name} in a folder of $fpath
${functions.join("\n")}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
};

function zshFunction(name: string, { path, options, commands, argument }: CommandShape): string {
  const title = zshName(name, path);
  const specs = options.map(({ long, description, value, choices }) => {
    const what = value === null ? "" : `:${long.slice(2)}:${zshValue(value, choices)}`;
    // What may be repeated is not known here: everything may.
    return `    ${quoted(`*${long}[${zshText(description)}]${what}`)}`;
  });
  if (commands.length === 0) {
    const rest = argument === null ? [] : [`    ${quoted(`*:argument:${zshValue(argument.kind, argument.choices)}`)}`];
    return `${title}() {\n  _arguments -S \\\n${[...specs, ...rest].join(" \\\n")}\n}`;
  }
  const below = commands.map(
    (each) => `      ${quoted(`${each.path.at(-1)}:${each.description.replaceAll(":", "\\:")}`)}`,
  );
  const cases = commands.map((each) => `      ${each.path.at(-1)}) ${zshName(name, each.path)} ;;`);
  return `${title}() {
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    local -a commands=(
${below.join("\n")}
    )
    _describe command commands
  elif (( CURRENT == 2 )); then
    _arguments -S \\\n${specs.join(" \\\n")}
  else
    shift words
    (( CURRENT -= 1 ))
    case $words[1] in
${cases.join("\n")}
    esac
  fi
}`;
}

const zshName = (name: string, path: readonly string[]): string => ["", name, ...path].join("_");

const zshText = (text: string): string => text.replace(/[[\]\\:]/g, "\\$&");

function zshValue(kind: NonNullable<OptionShape["value"]>, choices: readonly string[]): string {
  if (kind === "choice") return `(${choices.join(" ")})`;
  return { file: "_files", folder: "_files -/", other: " " }[kind];
}

export const fishScript: CompletionScript = (name, program) => {
  const lines = everyCommand(program).flatMap(({ path, options, commands, argument }) => {
    const complete = `complete -c ${name} -n ${quoted(fishCondition(path, program))}`;
    return [
      ...options.map(({ long, description, value, choices }) => {
        const takes = value === null ? "" : ` ${fishValue(value, choices)}`;
        return `${complete} -l ${long.slice(2)}${takes} -d ${quoted(description)}`;
      }),
      ...commands.map((each) => `${complete} -a ${each.path.at(-1)} -d ${quoted(each.description)}`),
      ...(argument === null || argument.kind === "other"
        ? []
        : [`${complete} ${fishValue(argument.kind, argument.choices).replace(/^-[rx] ?/, "")}`]),
    ];
  });
  return `# fish completion for ${name}: ${name} completion fish | source
complete -c ${name} -f
${lines.join("\n")}
`;
};

/** Where a command's own options and subcommands are at home. */
function fishCondition(path: readonly string[], program: CommandShape): string {
  const below = everyCommand(program).find((each) => each.path.join(" ") === path.join(" "))?.commands ?? [];
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const unseen =
    below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.map((each) => each.path.at(-1)).join(" ")}`];
  return [...seen, ...unseen].join("; and ");
}

function fishValue(kind: NonNullable<OptionShape["value"]>, choices: readonly string[]): string {
  return {
    choice: `-x -a ${quoted(choices.join(" "))}`,
    file: "-r -F",
    folder: "-x -a '(__fish_complete_directories)'",
    other: "-x",
  }[kind];
}
