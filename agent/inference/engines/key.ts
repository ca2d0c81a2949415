import { createHash } from "node:crypto";
import type { GpuLimits, Wish } from "../providers/session.js";

/** What a GPU and its software are, as far as an engine depends on them. */
export interface GpuFacts {
  /** As the driver or the board calls it; "unknown" as all of these where the machine does not say. */
  readonly name: string;
  /** Such as 8.7. */
  readonly computeCapability: string;
  /** TensorRT's version. */
  readonly tensorrt: string;
  /** The version of NVIDIA's driver, of Jetson Linux on its boards: with another one, what was refused is tried again. */
  readonly driver: string;
}

/** All that an engine depends on: where one of these is another, it is another engine. */
export interface EngineFacts extends GpuFacts {
  /** The model's SHA-256. */
  readonly model: string;
  /** ONNX Runtime's version, and whether its binding hands provider options on. */
  readonly runtime: string;
  readonly precision: Wish["precision"];
  /** Ascending. */
  readonly batchSizes: readonly number[];
  readonly limits: GpuLimits | null;
}

/** Counts the ways in which Retort has TensorRT build: with another one, engines are built anew. */
const RECIPE = 1;

/** The name of an engine: 32 hexadecimal digits. */
export function keyOf(facts: EngineFacts): string {
  const { model, runtime, precision, batchSizes, limits, name, computeCapability, tensorrt, driver } = facts;
  const all = [RECIPE, model, runtime, precision, batchSizes, limits, name, computeCapability, tensorrt, driver];
  return createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 32);
}
