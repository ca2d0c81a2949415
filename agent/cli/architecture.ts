import { Option } from "commander";
import { VARIANTS } from "../../models/network/backbones/backbone.js";

/** The networks that `--arch` names, in words. */
export const ARCHITECTURES =
  "resnet18, resnet34, resnet50, wide_resnet50_2 or convnext_atto, _femto, _pico, _nano, _tiny, _small, _base, _large";

/** `--variant`: the student of a ConvNeXt. */
export const variantOption = (): Option =>
  new Option(
    "--variant <variant>",
    "of a ConvNeXt. study: its mirror image restores raw maps; retort: residual blocks restore maps after their norm (retort)",
  ).choices(VARIANTS);
