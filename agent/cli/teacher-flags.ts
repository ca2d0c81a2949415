import { type Command, InvalidArgumentError, Option } from "commander";
import { CHANNEL_ORDERS, VARIANTS } from "../../models/network/backbones/backbone.js";

/** The networks that `--arch` names, in words. */
const ARCHITECTURES =
  "resnet18, resnet34, resnet50, wide_resnet50_2, convnext_atto, _femto, _pico, _nano, _tiny, _small, _base, _large, or onnx: a network of your own";

/** --arch, --variant, --teacher, and what an ONNX teacher needs said. */
export function withTeacherFlags(
  command: Command,
  taps = "of an ONNX teacher: the names of its three maps, fine to coarse",
): Command {
  return command
    .requiredOption("--arch <arch>", ARCHITECTURES)
    .addOption(
      new Option(
        "--variant <variant>",
        "of a ConvNeXt. study: its mirror image restores raw maps; retort: residual blocks restore maps after their norm (retort)",
      ).choices(VARIANTS),
    )
    .requiredOption(
      "--teacher <file>",
      "weights with torchvision's names, or timm's of a ConvNeXt (.safetensors, .pth); an ONNX teacher's whole network (.onnx)",
    )
    .option("--taps <names>", taps, namesOf)
    .option("--mean <r,g,b>", "of an ONNX teacher: it takes (byte * scale - mean) / deviation (ImageNet's)", numbersOf)
    .option("--deviation <r,g,b>", "of an ONNX teacher (ImageNet's)", numbersOf)
    .option("--scale <number>", "of an ONNX teacher: 1 for bytes as they are (1/255)", scaleOf)
    .addOption(
      new Option("--channel-order <order>", "of an ONNX teacher: bgr for blue first (rgb)").choices(CHANNEL_ORDERS),
    );
}

function namesOf(text: string): readonly string[] {
  return text.split(",").map((name) => name.trim());
}

function numbersOf(text: string): readonly number[] {
  return text.split(",").map(numberOf);
}

/** A number, or a fraction. */
function scaleOf(text: string): number {
  const [over, under, ...more] = text.split("/").map(numberOf);
  if (over === undefined || under === 0 || more.length > 0)
    throw new InvalidArgumentError("It must be a number, or two with a / between.");
  return over / (under ?? 1);
}

function numberOf(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`${JSON.stringify(text)} is no number.`);
}
