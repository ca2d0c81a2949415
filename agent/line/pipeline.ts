import { connect, EMPTY, merge, type Observable, share, takeUntil, tap } from "rxjs";
import type { ImageBaseline } from "../../models/pictures/image-baseline.js";
import { accountCaptured, accountOutcome } from "../health/account.js";
import { cameraState } from "../health/camera-state.js";
import { type ImagePolicy, imageHealth } from "../health/image-health.js";
import type { Ledger } from "../health/ledger.js";
import { frameDemand } from "../inference/demand.js";
import type { Engine } from "../inference/engine.js";
import { inspect } from "../inference/inspect.js";
import type { PartCue, PartLife } from "../parts/part-life.js";
import { parts } from "../parts/parts.js";
import { type AlarmPolicy, alarm } from "../scoring/alarm.js";
import type { AlertGate } from "../scoring/alert-gate.js";
import type { AlertLife } from "../scoring/alert-life.js";
import { alerts } from "../scoring/alerts.js";
import { heldBack } from "../scoring/held-back.js";
import { judge } from "../scoring/judge.js";
import type { CameraEvent, Context, Outcome, Threshold, Verdict } from "../types.js";
import { joinContext } from "./contexts.js";
import { asAlert, asPart, asScore, asState, type Outgoing } from "./outgoing.js";
import {
  alarmCues,
  cameraCues,
  failureCues,
  frames,
  inspections,
  judgedCues,
  pictureCues,
  unjudgedCues,
  wellCues,
  worstPictures,
} from "./select.js";

/** One camera and all that its pictures meet. */
export interface Line {
  readonly camera: string;
  /** @param demand$ how many more frames are wanted */
  readonly watch: (demand$: Observable<number>) => Observable<CameraEvent>;
  readonly engine: Pick<Engine, "inspect">;
  readonly ledger: Ledger;
  readonly images: ImagePolicy;
  readonly baseline: ImageBaseline | undefined;
  /** Is given each outcome before the alerts that come of it: may keep what it sees, may not change it. */
  readonly seen: (outcome: Outcome) => void;
  readonly threshold: () => Threshold;
  /** Is given each verdict before the alarm that may come of it. */
  readonly judged: (verdict: Verdict) => void;
  readonly alarm: AlarmPolicy;
  readonly alerts: AlertLife;
  readonly gate: AlertGate;
  /** Null where the camera sees no parts. */
  readonly parts: PartLife | null;
  /** What the line's control says of parts, when it does. */
  readonly partCues$: Observable<PartCue>;
  /** How many more pictures are wanted, where they are taken for inspections alone; else null. */
  readonly asked$: Observable<number> | null;
  /** What the line's control said last about the part in front of this camera. */
  readonly context: (frame: number) => Context | null;
  /** Ends the capture; what is in flight is still judged and sent before the pipeline completes. */
  readonly stop$: Observable<unknown>;
  readonly clock: { readonly monotonicMs: () => number; readonly wallMs: () => number };
}

/** camera -> Frame -> Outcome -> Verdict -> Part -> Alarm -> Alert -> Message; a frame that is done asks for the next. */
export function pipeline({ camera, watch, engine, ledger, context, clock, ...line }: Line): Observable<Outgoing> {
  const demand = frameDemand();
  return watch(line.asked$ ?? demand.wanted$).pipe(
    takeUntil(line.stop$),
    accountCaptured(ledger),
    joinContext(context),
    connect((events$) => {
      const outcomes$ = events$.pipe(
        frames(),
        inspect(engine),
        imageHealth(line.images, line.baseline),
        accountOutcome(ledger, clock.monotonicMs),
        demand.done(),
        tap(line.seen),
        share(),
      );
      const verdicts$ = outcomes$.pipe(inspections(), judge(line.threshold), tap(line.judged), share());
      const pictures$ = merge(
        events$.pipe(pictureCues()),
        verdicts$.pipe(judgedCues()),
        outcomes$.pipe(unjudgedCues()),
      );
      const parts$ = line.parts === null ? EMPTY : pictures$.pipe(parts(line.parts, line.partCues$), share());
      const judged$ = line.parts === null ? verdicts$ : parts$.pipe(worstPictures());
      const alarms$ = judged$.pipe(alarm(line.alarm), share());
      const judgements$ = merge(alarms$.pipe(alarmCues()), verdicts$.pipe(wellCues()));
      const cues$ = merge(events$.pipe(cameraCues()), outcomes$.pipe(failureCues()), judgements$);
      // A part's verdict before the alert that it raises.
      return merge(
        parts$.pipe(asPart()),
        alarms$.pipe(alerts(line.alerts), heldBack(line.gate, clock.monotonicMs), asAlert()),
        verdicts$.pipe(asScore(camera, clock.monotonicMs)),
        cues$.pipe(cameraState(), asState()),
      );
    }),
  );
}
