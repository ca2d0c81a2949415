import { connect, merge, type Observable, share, takeUntil } from "rxjs";
import { joinContext } from "./context.js";
import { accountCaptured, accountOutcome } from "./health/account.js";
import { cameraState } from "./health/camera-state.js";
import type { Ledger } from "./health/ledger.js";
import { frameDemand } from "./inference/demand.js";
import type { Engine } from "./inference/engine.js";
import { inspect } from "./inference/inspect.js";
import { asAlert, asScore, asState, type Outgoing } from "./outgoing.js";
import { type AlarmPolicy, alarm } from "./scoring/alarm.js";
import { alerts } from "./scoring/alerts.js";
import { judge } from "./scoring/judge.js";
import { alarmCues, conditionCues, failureCues, frames, inspections } from "./select.js";
import type { CameraEvent, Context } from "./types.js";

/** One camera and all that its pictures meet. */
export interface Line {
  readonly camera: string;
  /** @param demand$ how many more frames are wanted */
  readonly watch: (demand$: Observable<number>) => Observable<CameraEvent>;
  readonly engine: Pick<Engine, "inspect">;
  readonly ledger: Ledger;
  readonly threshold: () => number;
  readonly alarm: AlarmPolicy;
  /** What the line's control said last about the part in front of this camera. */
  readonly context: () => Context | null;
  /** Ends the capture; what is in flight is still told before the pipeline completes. */
  readonly stop$: Observable<unknown>;
  readonly clock: { readonly monotonicMs: () => number; readonly wallMs: () => number };
}

/** camera -> Frame -> Outcome -> Verdict -> Alarm -> Alert -> Message; a frame that is done asks for the next. */
export function pipeline({ camera, watch, engine, ledger, context, clock, ...line }: Line): Observable<Outgoing> {
  const demand = frameDemand();
  return watch(demand.wanted$).pipe(
    takeUntil(line.stop$),
    accountCaptured(ledger),
    connect((events$) => {
      const outcomes$ = events$.pipe(
        frames(),
        joinContext(context),
        inspect(engine),
        accountOutcome(ledger, clock.monotonicMs),
        demand.done(),
        share(),
      );
      const verdicts$ = outcomes$.pipe(inspections(), judge(line.threshold), share());
      const alarms$ = verdicts$.pipe(alarm(line.alarm), share());
      const cues$ = merge(events$.pipe(conditionCues()), outcomes$.pipe(failureCues()), alarms$.pipe(alarmCues()));
      return merge(
        alarms$.pipe(alerts(), asAlert()),
        verdicts$.pipe(asScore(camera, clock.monotonicMs)),
        cues$.pipe(cameraState(), asState(camera, clock.wallMs)),
      );
    }),
  );
}
