import { stringify } from "yaml";
import { mask } from "../../config/mask.js";
import { entryAt } from "../../config/presence.js";
import type { Problem } from "../../config/problems.js";
import type { Config } from "../../config/types.js";
import type { AddCommand } from "./command.js";
import type { Standing } from "./in-force.js";
import { type ConfigFlags, type JsonFlag, layersOf, withConfigFlags, withExample, withJsonFlag } from "./options.js";
import { examineConfig } from "./preflight.js";
import { Exit, exitStatus } from "./terminal.js";

/** `retort check`: every problem of a configuration at once, or the configuration as the agent would take it. */
export const checkCommand: AddCommand = (program, terminal) => {
  const command = program.command("check").description("validates a configuration and shows every problem");
  withExample(withJsonFlag(withConfigFlags(command)), "retort check --config line.yaml").action(
    async (flags: ConfigFlags & JsonFlag) => {
      const { config, problems, ...found } = await examineConfig(layersOf(flags));
      const ok = problems.length === 0;
      const { inForce, warnings: overridden } = config !== undefined && ok ? await standing(config) : none;
      const warnings = [...found.warnings, ...overridden];
      const shown = config === undefined ? {} : { config: mask(config, (path) => entryAt(path) !== null) };
      const list = (each: readonly Problem[], write: (line: string) => void, word = "") => {
        for (const { code, path, message, remedy } of each) {
          write(`${word}${path}: ${message}`);
          write(`    ${remedy} (${code})`);
        }
      };
      if (flags.json) {
        terminal.out(JSON.stringify({ ok, problems, warnings, inForce, ...shown }));
      } else {
        if (ok) terminal.out(stringify(shown.config).trimEnd());
        for (const [camera, { threshold, how }] of Object.entries(inForce)) {
          terminal.err(`${camera}: threshold ${Number(threshold.toPrecision(4))}, ${how}`);
        }
        list(problems, terminal.out);
        list(warnings, terminal.err, "warning: ");
        const also = warnings.length === 0 ? "" : `, ${counted(warnings.length, "warning")}`;
        terminal.err(ok ? `The configuration is well${also}.` : `${counted(problems.length, "problem")}${also}`);
      }
      if (!ok) throw new Exit(exitStatus.wrong);
    },
  );
};

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

const none: Standing = { inForce: {}, warnings: [] };

async function standing(config: Config): Promise<Standing> {
  const { standingOf } = await import("./in-force.js");
  return standingOf(config);
}
