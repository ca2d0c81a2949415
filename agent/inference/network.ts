import { CodedError } from "../../errors.js";
import { readModel } from "../../models/onnx/checked-model.js";
import { modelInHalves } from "../../models/quantize/halves.js";
import type { WorkerSetup } from "./protocol.js";

/**
 * The bytes of the network that is to be run: those of the bundle's file, or what float16 makes of them.
 * @throws CodedError of readModel, MODEL_NOT_LOWERED
 */
export async function readNetwork(
  setup: Pick<WorkerSetup, "modelPath" | "sha256" | "input" | "halve">,
): Promise<Uint8Array> {
  const { modelPath, halve = false } = setup;
  const model = await readModel(modelPath, setup);
  if (!halve) return model;
  const halved = modelInHalves(model);
  if (halved !== null) return halved;
  const remedy = "Use the bundle as it is: there is nothing in it that would become smaller or faster.";
  const reason = "the model has no convolutions with float32 weights of their own that float16 can hold";
  throw new CodedError("MODEL_NOT_LOWERED", reason, { at: modelPath, remedy });
}
