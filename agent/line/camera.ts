import { type Observable, Subject } from "rxjs";
import type { CameraConfig } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";
import type { GoodReference } from "../../models/judging/good-reference.js";
import type { DriftHealth } from "../contract/drift.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import type { CameraState } from "../contract/payloads.js";
import type { CameraStanding } from "../health/camera-state.js";
import { Ledger } from "../health/ledger.js";
import { Progress, silenceOf } from "../health/progress.js";
import type { LoadedModel } from "../inference/load.js";
import { moment } from "../kit/clock.js";
import { inTurns } from "../kit/serial.js";
import { within } from "../kit/within.js";
import type { Part } from "../parts/part.js";
import type { PartCounts } from "../parts/part-life.js";
import { Drift } from "../scoring/drift.js";
import type { RaiseRate } from "../scoring/raise-rate.js";
import type { Context, Outcome, Threshold, Verdict } from "../types.js";
import { CameraAlerts } from "./camera-alerts.js";
import { type LineDeps, lineOf } from "./line-of.js";
import { modelTries } from "./model-tries.js";
import type { Outgoing } from "./outgoing.js";
import { PartStand } from "./part-stand.js";
import { pipeline } from "./pipeline.js";

export interface CameraDeps extends LineDeps {
  /** The camera's model; may reject. */
  readonly model: (camera: CameraConfig) => Promise<LoadedModel>;
  readonly send: (outgoing: Sendable) => void;
  /** Keeps the verdict. @returns it with its number; null where it was given up */
  readonly keepVerdict: (part: Part) => Promise<VerdictPayload | null>;
  /** Is given each change of a camera's state. */
  readonly onStanding: (camera: CameraConfig, standing: CameraStanding) => void;
  /** In force now, how it was set, in words, and what good parts scored then, where that is known; read for every frame. */
  readonly threshold: (camera: CameraConfig) => {
    readonly limit: number | "model";
    readonly how: string;
    readonly goodReference?: GoodReference;
  };
  /** Is told when a camera's good parts begin to drift, and when that ends. */
  readonly onDrift: (camera: CameraConfig, drift: DriftHealth) => void;
  /** At the start. */
  readonly enabled: (camera: CameraConfig) => boolean;
  readonly floods: { readonly rate: RaiseRate; readonly summaryEveryMs: number };
}

/** What leaves a camera for the broker. */
export type Sendable = Exclude<Outgoing, { readonly kind: "state" | "part" }>;

export interface RunningCamera {
  readonly config: CameraConfig;
  readonly ledger: Ledger;
  readonly alerts: CameraAlerts;
  /** What became of each frame, before its alerts go out. Others hold the frame, too: it is only read. */
  readonly outcomes$: Observable<Outcome>;
  /** When its frames flow, or it is known that they will not. */
  readonly started: Promise<void>;
  readonly enabled: boolean;
  readonly standing: CameraStanding & { readonly sinceMs: number };
  /** Of the run that goes on; null where none does. */
  readonly progress: Progress | null;
  /** In force; null until the model is there. */
  threshold(): number | null;
  /** The camera's model, once it is there. */
  model(): LoadedModel | null;
  enable(): Promise<void>;
  /** Resolves when nothing of it runs any more. */
  disable(reason: string): Promise<void>;
  /** Closes the camera and opens it anew, and loads a model that could not be loaded. */
  restart(): Promise<void>;
  /** What is wrong with the judgement of its frames; the camera is faulted until it is null again. */
  setFault(reason: string | null): void;
  /** What setFault said last. */
  readonly fault: string | null;
  /** Whether its good parts score what they should. */
  readonly drift: DriftHealth;
  /** Verdicts on parts since the start; null where it sees none. */
  readonly parts: PartCounts | null;
  /** The line's control said something else of the part in front of it. */
  contextChanged(context: Context | null): void;
  /** See PartStand. */
  inspect(context: Context | null): Promise<VerdictPayload | null>;
  /** About once a second. */
  tick(): void;
  /** Ends the capture at once; resolves when the last frame in flight is judged and sent. */
  stop(): Promise<void>;
}

/** From one start of the capture to its end. */
interface Run {
  /** Null until the model is there, and when the pipeline has ended. */
  readonly progress: Progress | null;
  readonly started: Promise<void>;
  readonly ended: Promise<void>;
  stop(): void;
}

/** Frames in flight are waited for so long; an inference that hangs must not hold a command up. */
const DRAIN_MS = 2_000;

/** States of a camera whose frames are judged: nobody may rely on them while the judgement is at fault. */
const JUDGING: readonly CameraState[] = ["ok", "anomalous", "idle"];

/** Runs one camera: one whose model is broken is `faulted`, and no other is touched by it. */
export function runCamera(camera: CameraConfig, deps: CameraDeps): RunningCamera {
  const { clock } = deps;
  const ledger = new Ledger(clock.monotonicMs());
  const seen$ = new Subject<Outcome>();
  let model: LoadedModel | null = null;
  let run: Run | null = null;
  let stopped = false;
  let since = moment(clock);
  let standing: CameraStanding = { state: "starting", reason: "the agent is starting" };
  /** Commands follow each other: a camera is never opened twice. */
  const queue = inTurns();

  /** What the camera itself says, and what else is wrong with its judgement. */
  let own: CameraStanding | null = null;
  let fault: string | null = null;
  let shown: CameraStanding | null = null;

  const show = (): void => {
    if (own === null) return;
    const blind: CameraStanding = {
      state: "faulted",
      reason: fault,
      ...(own.state === "idle" ? {} : { awaited: true }),
    };
    standing = fault !== null && JUDGING.includes(own.state) ? blind : own;
    if (standing.state === shown?.state && standing.reason === shown.reason) return;
    shown = standing;
    since = moment(clock);
    deps.onStanding(camera, standing);
  };
  const becomes = (now: CameraStanding): void => {
    own = now;
    show();
  };
  const alerts = new CameraAlerts(camera.alert, {
    ...deps.floods,
    clock,
    send: (step) => deps.send({ kind: "alert", step }),
  });
  let frames = 0;
  const nextNumber = (): number => {
    frames += 1;
    return frames;
  };
  const drift = new Drift({
    reference: () => deps.threshold(camera).goodReference ?? model?.goodReference ?? null,
    clock,
    onChange: (now) => deps.onDrift(camera, now),
  });
  const judged = ({ inspection: { frame, score }, threshold, anomalous }: Verdict): void => {
    if (anomalous || fault !== null || alerts.life.standing !== null) return;
    drift.saw({ score, atMs: frame.availableAtMs, tsMs: frame.capturedAtMs }, threshold.value);
  };
  const stand = new PartStand(camera, { clock, keepVerdict: deps.keepVerdict });
  const thresholdOf = ({ engine, calibration }: LoadedModel): Threshold => {
    const { limit, how } = deps.threshold(camera);
    if (limit === "model") return { value: engine.threshold, calibration };
    return { value: limit, calibration: how };
  };

  const open = (): Run => {
    const stop$ = new Subject<void>();
    let stopping = false;
    let progress: Progress | null = null;
    const faulted = (error: unknown): void => becomes({ state: "faulted", reason: reasonOf(error) });
    const watch = (loaded: LoadedModel): Promise<void> => {
      const threshold = (): Threshold => thresholdOf(loaded);
      const silentMs = stand.asked$ === null ? silenceOf(camera) : null;
      progress = new Progress({ answersWithinMs: loaded.engine.answersWithinMs, silentMs });
      const shared = { ledger, progress, seen$, alerts, stand, judged, nextNumber };
      const line = lineOf(camera, loaded, { ...shared, threshold, stop$, deps });
      return new Promise((resolve) => {
        pipeline(line).subscribe({
          next: (outgoing) => {
            if (outgoing.kind === "part") stand.closed(outgoing.part);
            else if (outgoing.kind !== "state") deps.send(outgoing);
            else if (!stopping) becomes(outgoing.standing);
          },
          error: (error: unknown) => {
            progress = null;
            faulted(error);
            resolve();
          },
          complete: () => {
            progress = null;
            resolve();
          },
        });
      });
    };
    becomes({ state: "starting", reason: "the model is being loaded" });
    let ended = Promise.resolve();
    const tries = modelTries({
      load: () => deps.model(camera),
      onLoaded: (loaded) => {
        model = loaded;
        drift.begin();
        ended = watch(loaded);
      },
      onFailed: faulted,
    });
    return {
      get progress() {
        return progress;
      },
      started: tries.tried,
      get ended() {
        return tries.tried.then(() => ended);
      },
      stop: () => {
        stopping = true;
        tries.stop();
        stop$.next();
      },
    };
  };
  const close = async (): Promise<void> => {
    run?.stop();
    await within(DRAIN_MS, run?.ended);
    run = null;
  };
  const inTurn = (work: () => Promise<void>): Promise<void> => queue(() => (stopped ? undefined : work()));

  if (deps.enabled(camera)) run = open();
  else becomes({ state: "disabled", reason: camera.enabled ? "disabled by command" : "disabled in the configuration" });
  return {
    config: camera,
    ledger,
    alerts,
    outcomes$: seen$,
    started: (run as Run | null)?.started ?? Promise.resolve(),
    get enabled() {
      return run !== null;
    },
    get standing() {
      return { ...standing, sinceMs: since() };
    },
    get progress() {
      return run?.progress ?? null;
    },
    threshold: () => (model === null ? null : thresholdOf(model).value),
    model: () => model,
    enable: () =>
      inTurn(async () => {
        run ??= open();
      }),
    disable: (reason) =>
      inTurn(async () => {
        await close();
        becomes({ state: "disabled", reason });
      }),
    restart: () =>
      inTurn(async () => {
        if (run === null) return;
        await close();
        run = open();
      }),
    setFault: (reason) => {
      fault = reason;
      stand.fault = reason;
      show();
    },
    get fault() {
      return fault;
    },
    get drift() {
      return drift.health;
    },
    get parts() {
      return stand.counts;
    },
    contextChanged: (context) => {
      if (run !== null) stand.named(context);
    },
    inspect: (context) => stand.inspect(context),
    tick: () => alerts.tick(),
    stop: async () => {
      stopped = true;
      run?.stop();
      await run?.ended;
      stand.stop();
      alerts.end();
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof CodedError ? `${error.code}: ${error.message}. ${error.remedy}` : messageOf(error);
}
