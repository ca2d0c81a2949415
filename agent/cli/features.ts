import type { TapFigures } from "../../models/bundle/features.js";
import type { TeacherOptions } from "../../models/bundle/teacher.js";
import type { AddCommand } from "./command.js";
import { type JsonFlag, type PictureSize, pictureSize, withExample, withJsonFlag } from "./options.js";
import { withTeacherFlags } from "./teacher-flags.js";
import { printable } from "./terminal.js";
import { working } from "./working.js";

interface Flags extends JsonFlag, TeacherOptions {
  readonly picture: string;
  readonly size?: PictureSize;
}

/** `retort features`: a teacher's maps in figures, to be held against those of where its weights come from. */
export const featuresCommand: AddCommand = (program, terminal) => {
  const command = withTeacherFlags(
    program.command("features").description("shows what a teacher makes of a picture: each of its maps, in figures"),
    "of a ConvNeXt: raw, normed or both (raw,normed); of an ONNX teacher: the names of its three maps",
  )
    .requiredOption("--picture <file>", "the picture, which is scaled to the input")
    .option("--size <pixels>", "a side of the picture, or WIDTHxHEIGHT; never cropped (256)", pictureSize);
  withExample(
    withJsonFlag(command),
    "retort features --arch resnet18 --teacher resnet18.safetensors --picture part.png",
  ).action(async ({ json, picture, size = { width: 256, height: 256 }, ...teacher }: Flags) => {
    const { teacherFeatures } = await import("../../models/bundle/features.js");
    const taps = await working(terminal, "running the teacher", () => teacherFeatures(teacher, picture, size));
    if (json) terminal.out(JSON.stringify({ taps }));
    else for (const tap of taps) terminal.out(textOf(tap));
  });
};

function textOf({ name, shape, mean, deviation, first, last }: TapFigures): string {
  const shown = (values: readonly number[]) => values.map((value) => value.toPrecision(6)).join(", ");
  return [
    `${printable(name)} [${shape.join(", ")}]`,
    `  mean ${mean.toPrecision(7)}, deviation ${deviation.toPrecision(7)}`,
    `  ${shown(first)}, ..., ${shown(last)}`,
  ].join("\n");
}
