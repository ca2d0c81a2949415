import { stringify } from "yaml";
import { checkConfig, missingPaths } from "../../config/load.js";
import { mask } from "../../config/mask.js";
import type { AddCommand } from "./command.js";
import { type ConfigFlags, type JsonFlag, layersOf, withConfigFlags, withJsonFlag } from "./options.js";
import { Exit, exitStatus } from "./terminal.js";

/** `retort check`: every problem of a configuration at once, or the configuration as the agent would take it. */
export const checkCommand: AddCommand = (program, terminal) => {
  const command = program.command("check").description("validates a configuration and shows every problem");
  withJsonFlag(withConfigFlags(command)).action((flags: ConfigFlags & JsonFlag) => {
    const checked = checkConfig(layersOf(flags));
    const { config } = checked;
    const problems = config === undefined ? checked.problems : missingPaths(config);
    const ok = problems.length === 0;
    if (flags.json) {
      terminal.out(JSON.stringify({ ok, problems, ...(config === undefined ? {} : { config: mask(config) }) }));
    } else if (ok) {
      terminal.out(stringify(mask(config)).trimEnd());
      terminal.err("The configuration is well.");
    } else {
      for (const { code, path, message, remedy } of problems) {
        terminal.out(`${path}: ${message}`);
        terminal.out(`    ${remedy} (${code})`);
      }
      terminal.err(`${problems.length} ${problems.length === 1 ? "problem" : "problems"}`);
    }
    if (!ok) throw new Exit(exitStatus.wrong);
  });
};
