import type { AddCommand } from "./command.js";
import { withExample } from "./options.js";

/** `retort config schema`: the configuration's JSON Schema, for editors and forms. */
export const configCommand: AddCommand = (program, terminal) => {
  const command = program.command("config").description("what a configuration may hold");
  const example = "retort config schema > retort.schema.json";
  withExample(command, example);
  withExample(command.command("schema"), example)
    .description("prints the JSON Schema of the configuration file, for editors and forms")
    // Every command has it, and this one's result is JSON anyhow.
    .option("--json", "the result as JSON on stdout")
    .action(async () => {
      const { jsonSchema } = await import("../../config/json-schema.js");
      terminal.out(JSON.stringify(jsonSchema(), null, 2));
    });
};
