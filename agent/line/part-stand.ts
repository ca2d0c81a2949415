import { type Observable, Subject } from "rxjs";
import type { CameraConfig } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import { Inspections } from "../parts/inspections.js";
import type { Part } from "../parts/part.js";
import { type PartCounts, type PartCue, PartLife } from "../parts/part-life.js";
import { type PartPolicy, partPolicy } from "../parts/policy.js";
import { regionsOf } from "../scoring/regions.js";
import type { CameraEvent, Context, Verdict } from "../types.js";

export interface PartStandDeps {
  readonly clock: { readonly monotonicMs: () => number; readonly wallMs: () => number };
  /** Keeps the verdict. @returns it with its number; null where it was given up */
  readonly keepVerdict: (part: Part) => Promise<VerdictPayload | null>;
}

/** A picture is there by then, or the camera is not. */
const PICTURE_WITHIN_MS = 5_000;

/** Where the parts of one camera are judged, and the line's control is heard. Outlives the camera's restarts. */
export class PartStand {
  /** Null where the camera sees no parts. */
  readonly life: PartLife | null;
  readonly cues$ = new Subject<PartCue>();
  readonly #camera: CameraConfig;
  readonly #policy: PartPolicy | null;
  readonly #deps: PartStandDeps;
  readonly #inspections: Inspections | null;
  /** What is wrong with the judgement of its pictures; null: nothing that is known. */
  fault: string | null = null;
  #closing: NodeJS.Timeout | undefined;

  constructor(camera: CameraConfig, deps: PartStandDeps) {
    this.#camera = camera;
    this.#deps = deps;
    const policy = partPolicy(camera);
    this.#policy = policy;
    const { clock } = deps;
    this.life =
      policy && new PartLife({ camera: camera.id, policy, regionsOf: regions, fault: () => this.fault, clock });
    this.#inspections = inspectionsOf(policy, (cue) => this.#outside(cue));
  }

  /** Verdicts since the start; null where the camera sees no parts. */
  get counts(): PartCounts | null {
    return this.life?.counts ?? null;
  }

  /** How many more pictures are wanted, where they are taken for inspections alone; else null. */
  get asked$(): Observable<number> | null {
    return this.#policy?.onInspect ? (this.#inspections?.wanted$ ?? null) : null;
  }

  /** Marks a picture with the inspection that it is for. */
  bind(event: CameraEvent): CameraEvent {
    return this.#inspections?.bind(event) ?? event;
  }

  /** The line's control said something else of the part in front of the camera, whether that is watched or not. */
  named(context: Context | null): void {
    this.#outside({ kind: "context", context });
    const closeAfterMs = this.#policy?.closeAfterMs ?? null;
    if (closeAfterMs === null) return;
    clearTimeout(this.#closing);
    this.#closing = setTimeout(() => this.#outside({ kind: "tick" }), closeAfterMs + 1);
  }

  /**
   * Has the next picture, or the next pictures of one part, inspected.
   * @param context of the part; null: what is in force
   * @returns the verdict with its number; null where the outbox gave it up. Within 5 s of no picture it is `unknown`
   * @throws CodedError INSPECT_NOT_POSSIBLE
   */
  async inspect(context: Context | null): Promise<VerdictPayload | null> {
    if (this.#inspections !== null) return this.#inspections.ask(context);
    throw new CodedError("INSPECT_NOT_POSSIBLE", `the parts of ${this.#camera.id} are not of one picture each`, {
      at: "camera",
    });
  }

  /** A part's pictures are judged. */
  closed(part: Part): void {
    void this.#deps.keepVerdict(part).then((kept) => {
      if (part.asked !== null) this.#inspections?.answer(part.asked, kept);
    });
  }

  stop(): void {
    clearTimeout(this.#closing);
    this.#inspections?.stop();
  }

  /** A camera that is not watched, as its model is not there, has no pictures; its parts are unknown. */
  #outside(cue: PartCue): void {
    if (this.cues$.observed) this.cues$.next(cue);
    else for (const part of this.life?.follow(cue) ?? []) this.closed(part);
  }
}

/** Null where an inspection cannot tell which pictures it is to have. */
function inspectionsOf(policy: PartPolicy | null, outside: (cue: PartCue) => void): Inspections | null {
  if (policy?.per.kind !== "frames" || (policy.per.frames > 1 && !policy.onInspect)) return null;
  return new Inspections({
    frames: policy.per.frames,
    onDemand: policy.onInspect,
    withinMs: PICTURE_WITHIN_MS,
    onMissing: (missing) => outside({ kind: "missing", ...missing }),
  });
}

function regions({ inspection: { map, frame }, threshold }: Verdict) {
  return regionsOf(map, frame.size, threshold.value, frame.view);
}
