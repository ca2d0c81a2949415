import { Argument } from "commander";
import type { AddCommand } from "./command.js";
import { type JsonFlag, withExample, withJsonFlag } from "./options.js";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

/** `retort completion`: what makes a shell complete commands, options and paths. */
export const completionCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("completion")
    .description("prints what makes a shell complete retort's commands, options and paths")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS));
  withExample(withJsonFlag(command), "source <(retort completion bash)").action(
    async (shell: Shell, { json }: JsonFlag) => {
      const [{ commandShape }, { bashScript, fishScript, zshScript }] = await Promise.all([
        import("./command-tree.js"),
        import("./completion-scripts.js"),
      ]);
      const write = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell];
      const script = write(program.name(), commandShape(program));
      terminal.out(json ? JSON.stringify({ shell, script }) : script.trimEnd());
    },
  );
};
