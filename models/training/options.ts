import { CodedError } from "../../errors.js";
import type { TeacherOptions } from "../bundle/teacher.js";
import { FALSE_ALARM_RATE } from "../judging/threshold.js";
import { inputSizeOf } from "../network/input-size.js";
import { OBJECTIVES, type Objective } from "../network/objective.js";
import type { InputSize } from "../network/rd.js";
import type { TrainProgress } from "./progress.js";
import { DEFAULTS, FEWEST_PICTURES } from "./recipe.js";

export interface TrainOptions extends TeacherOptions {
  /** Folder of pictures of good parts, searched with its subfolders. */
  readonly normal: string;
  /** The bundle directory to write. */
  readonly out: string;
  /** The bundle's name; its folder's unless given. */
  readonly name?: string;
  /** The bundle's version; the date of its training unless given. */
  readonly version?: string;
  /** false: learns from pictures, too, that the agent would take for no view of a part, black or overexposed ones. */
  readonly imageHealth?: boolean;
  readonly epochs?: number;
  /** What the student minimises; `hard-positions` unless given. */
  readonly objective?: Objective;
  /** Of pictures, pixels: a side of the square, or width and height; multiples of 32. */
  readonly size?: number | InputSize;
  readonly batch?: number;
  readonly seed?: number;
  /** The share of good parts that may be rejected by mistake. */
  readonly falseAlarms?: number;
  /** The most good pictures to store in the memory; 0: none, the student judges alone. */
  readonly memory?: number;
  /** No student: the memory judges alone, in seconds. */
  readonly quick?: boolean;
  /** No student: the mean of the teacher's maps in its place. A yardstick for students, no detector to deploy. */
  readonly meanMaps?: boolean;
  /** `exclude`: pictures that look wrong are left out of training and memory, too; they never set the threshold. */
  readonly suspicious?: "keep" | "exclude";
  /** Where to write the contact sheet of the pictures that look wrong; none when absent. */
  readonly reportPath?: string;
  /** Goes on from the checkpoint beside `out` if there is one. */
  readonly resume?: boolean;
  /** Leaves the checkpoint beside the bundle when all is done, so that another training can go on from it. */
  readonly keepCheckpoint?: boolean;
  /** 0: one per core. */
  readonly threads?: number;
  /** Seconds between checkpoints within an epoch; every epoch's end writes one too. */
  readonly checkpointSeconds?: number;
  readonly onProgress?: (progress: TrainProgress) => void;
  readonly signal?: AbortSignal;
}

/** Options as a training goes by them: checked, the defaults filled in. */
export interface TrainSettings {
  readonly normal: string;
  readonly teacher: TeacherOptions;
  readonly out: string;
  readonly checkpointPath: string;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly imageHealth: boolean;
  readonly input: InputSize;
  readonly epochs: number;
  readonly objective: Objective;
  readonly batch: number;
  readonly seed: number;
  readonly falseAlarms: number;
  /** Pictures, at most. */
  readonly memory: number;
  readonly quick: boolean;
  readonly meanMaps: boolean;
  readonly suspicious: "keep" | "exclude";
  readonly reportPath: string | undefined;
  readonly resume: boolean;
  readonly keepCheckpoint: boolean;
  readonly threads: number;
  readonly checkpointMs: number;
  readonly report: (progress: TrainProgress) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * The settings that options stand for.
 * @throws CodedError OPTION_INVALID
 */
export function settingsOf(options: TrainOptions): TrainSettings {
  const { normal, out, name, version, signal } = options;
  const { imageHealth = true, resume = false, keepCheckpoint = false, threads = 0 } = options;
  const { epochs = DEFAULTS.epochs, batch = DEFAULTS.batch, size = DEFAULTS.size, seed = DEFAULTS.seed } = options;
  const { falseAlarms = FALSE_ALARM_RATE, memory = DEFAULTS.memory, quick = false, suspicious = "keep" } = options;
  const { meanMaps = false } = options;
  requireFalseAlarms(falseAlarms);
  requireOption("memory", memory, memory === 0 || memory >= FEWEST_PICTURES, `Give 0 or from ${FEWEST_PICTURES} on.`);
  if (quick && memory === 0) {
    throw new CodedError("OPTION_INVALID", "--quick is the memory alone, and --memory is 0", {
      at: "memory",
      remedy: "Leave one of them out.",
    });
  }
  requireOption("epochs", epochs, epochs >= 1, "Give a whole number from 1.");
  requireOption("batch", batch, batch >= 1, "Give a whole number from 1.");
  const input = inputSizeOf(size);
  return {
    ...{
      normal,
      teacher: options,
      out,
      name,
      version,
      imageHealth,
      epochs,
      batch,
      seed,
      resume,
      keepCheckpoint,
      threads,
      signal,
    },
    ...{
      falseAlarms,
      memory,
      quick,
      meanMaps,
      suspicious,
      reportPath: options.reportPath,
      objective: options.objective ?? OBJECTIVES[0],
    },
    checkpointPath: `${out}.checkpoint.safetensors`,
    input,
    checkpointMs: (options.checkpointSeconds ?? DEFAULTS.checkpointSeconds) * 1000,
    report: options.onProgress ?? (() => {}),
  };
}

/**
 * Refuses a share of good parts to reject that no threshold can be set for.
 * @throws CodedError OPTION_INVALID
 */
export function requireFalseAlarms(rate: number): void {
  if (rate >= 0.00001 && rate <= 0.5) return;
  throw new CodedError("OPTION_INVALID", `--false-alarms is ${rate}`, {
    at: "false-alarms",
    remedy: "Give a share of good parts from 0.00001 to 0.5, such as 0.01 for one in a hundred.",
  });
}

function requireOption(name: string, value: number, fits: boolean, remedy: string): void {
  if (Number.isInteger(value) && fits) return;
  throw new CodedError("OPTION_INVALID", `--${name} is ${value}`, { at: name, remedy });
}
