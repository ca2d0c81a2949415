import { checkConfig } from "../../config/load.js";
import { type Check, configChecks } from "../doctor/check.js";
import type { AddCommand } from "./command.js";
import { type ConfigFlags, type JsonFlag, layersOf, withConfigFlags, withExample, withJsonFlag } from "./options.js";
import { Exit, exitStatus } from "./terminal.js";
import { working } from "./working.js";

/** `retort doctor`: what this machine can do for this configuration. */
export const doctorCommand: AddCommand = (program, terminal) => {
  const command = program
    .command("doctor")
    .description("what this machine can do: cameras, GStreamer, inference, broker, disk");
  withExample(withJsonFlag(withConfigFlags(command)), "retort doctor --config line.yaml").action(
    async (flags: ConfigFlags & JsonFlag) => {
      const checked = checkConfig(layersOf(flags));
      const { config, problems } = checked;
      const checks: Check[] = [...configChecks(checked)];
      if (config !== undefined) {
        const { examine } = await import("../doctor/examine.js");
        const text = "looking at cameras, models, the broker and this machine";
        checks.push(...(await working(terminal, text, () => examine(config))));
      }
      const ok = checks.every(({ level }) => level !== "fail");
      if (flags.json) terminal.out(JSON.stringify({ ok, checks }));
      else for (const check of checks) report(check);
      if (!ok) throw new Exit(problems.length > 0 ? exitStatus.wrong : exitStatus.failed);
    },
  );

  const marks = { ok: "ok  ", note: "note", fail: "FAIL" } as const;
  const report = ({ level, path, message, remedy }: Check): void => {
    terminal.out(`${marks[level]}  ${path.padEnd(24)}  ${message}`);
    if (level !== "ok" && remedy !== "") terminal.out(`${" ".repeat(32)}${remedy}`);
  };
};
