import type { TeacherOptions } from "../../models/bundle/teacher.js";
import type { AddCommand } from "./command.js";
import { type JsonFlag, type PictureSize, pictureSize, withExample, withJsonFlag } from "./options.js";
import { noteOutFolder } from "./out-folder.js";
import { withTeacherFlags } from "./teacher-flags.js";
import { working } from "./working.js";

interface Flags extends JsonFlag, TeacherOptions {
  readonly student: string;
  readonly out: string;
  readonly size?: PictureSize;
  readonly name?: string;
  readonly version?: string;
}

/** `retort export`: a bundle from weights that exist. */
export const exportCommand: AddCommand = (program, terminal) => {
  const command = withTeacherFlags(program.command("export").description("writes a bundle from existing weights"))
    .requiredOption(
      "--student <file>",
      "weights with RD4AD's names, prefixed bn. and decoder. (.safetensors, .pth: RD4AD's checkpoints)",
    )
    .requiredOption("--out <bundle>", "the directory to write")
    .option("--size <pixels>", "of pictures, a side or WIDTHxHEIGHT, multiples of 32; never cropped (256)", pictureSize)
    .option("--name <name>", "the bundle's name (its directory's)")
    .option("--version <version>", "the bundle's version (its date)");
  withExample(
    withJsonFlag(command),
    "retort export --arch resnet18 --teacher resnet18.safetensors --student student.pth --out bundles/plate",
  ).action(async ({ json, ...options }: Flags) => {
    const { exportBundle } = await import("../../models/bundle/export.js");
    const { identityText } = await import("../../models/bundle/identity.js");
    const { bundleCost, costText } = await import("../../models/bundle/speed.js");
    noteOutFolder(options.out, terminal);
    const bundle = await working(terminal, "putting teacher and student together", () => exportBundle(options));
    const { dir, manifest } = bundle;
    const { name, version, arch, input, threshold, sha256 } = manifest;
    const cost = await working(terminal, "measuring its speed", () => bundleCost(bundle));
    if (json) {
      terminal.out(JSON.stringify({ bundle: dir, name, version, arch, input, threshold, sha256, cost }));
      return;
    }
    terminal.out(`${dir}: ${identityText(manifest)}, ${arch}, ${input.width} x ${input.height}`);
    terminal.out(`${costText(cost)} on this machine's CPU`);
    terminal.err(
      `Its threshold ${threshold} is a first guess: measure it with retort evaluate, set it in the configuration.`,
    );
  });
};
