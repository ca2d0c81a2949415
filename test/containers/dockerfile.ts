import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DockerfileParser, type Instruction } from "dockerfile-ast";
import { packageRoot } from "../../config/package-root.js";

export const dockerfilePath = "deploy/container/Dockerfile";
export const dockerfileText = readFileSync(join(packageRoot(), dockerfilePath), "utf8");
export const dockerfile = DockerfileParser.parse(dockerfileText);

/** A stage: the instructions behind its FROM. */
export interface Stage {
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** The arguments before the first FROM, and what they are unless given. */
export const defaults: ReadonlyMap<string, string> = new Map(
  dockerfile.getInitialARGs().map((arg): [string, string] => {
    const property = arg.getProperty();
    return [property?.getName() ?? "", property?.getValue() ?? ""];
  }),
);

export const stages: readonly Stage[] = dockerfile.getFROMs().map((from, index, all): Stage => {
  const line = from.getRange().start.line;
  const end = all[index + 1]?.getRange().start.line ?? Number.POSITIVE_INFINITY;
  const within = (each: Instruction) => each.getRange().start.line > line && each.getRange().start.line < end;
  return { name: from.getBuildStage() ?? "", instructions: dockerfile.getInstructions().filter(within) };
});

/** What a stage stands on: a stage's name, or an image with the arguments' defaults put in. */
export const bases: readonly string[] = dockerfile
  .getFROMs()
  .map((from) => (from.getImage() ?? "").replace(/^\$\{(\w+)\}$/, (_, name: string) => defaults.get(name) ?? ""));
