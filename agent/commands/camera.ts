import type { Observable } from "rxjs";
import type { CameraConfig } from "../../config/types.js";
import type { GoodReference } from "../../models/judging/good-reference.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import type { AlertStep, Context, Outcome } from "../types.js";

/** What commands do with a camera, and look at. */
export interface CommandedCamera {
  readonly config: Pick<CameraConfig, "id" | "enabled" | "alert">;
  readonly enabled: boolean;
  /** What became of each frame, before its alerts go out. The frame is shared: it is only read. */
  readonly outcomes$: Observable<Outcome>;
  readonly alerts: {
    /** False where no such alert is remembered. */
    acknowledge(id: string, by?: string): boolean;
    /** Holds one alert back, or with null all of the camera's. False where no such alert is remembered. */
    shelve(id: string | null, forMs: number, by?: string): boolean;
    /** False where nothing was shelved. */
    unshelve(id: string | null): boolean;
    /** Shelves the camera for so much longer, as before the agent started again. */
    restore(forMs: number): void;
    /** Until when the camera is shelved, epoch milliseconds; null while it is not. */
    readonly shelvedUntilMs: number | null;
    readonly life: { find(id: string): AlertStep | null; readonly standing: { readonly id: string } | null };
  };
  /** The threshold in force; null until the model is there. */
  threshold(): number | null;
  /** The camera's model, once it is there. */
  model(): { readonly engine: { readonly threshold: number }; readonly goodReference?: GoodReference | null } | null;
  enable(): Promise<void>;
  /** Resolves when nothing of it runs any more. */
  disable(reason: string): Promise<void>;
  /** The verdict on its next picture; null where it was given up. @throws CodedError INSPECT_NOT_POSSIBLE */
  inspect(context: Context | null): Promise<VerdictPayload | null>;
  /** Closes the camera and opens it anew, and loads a model again that could not be loaded. */
  restart(): Promise<void>;
}
