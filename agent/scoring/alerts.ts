import { concat, defer, EMPTY, filter, map, type OperatorFunction, of } from "rxjs";
import type { AlertStep } from "../types.js";
import type { Alarm } from "./alarm.js";
import type { AlertLife } from "./alert-life.js";

/** The steps of a camera's alerts; one that stands when the camera stops being watched is cleared then. */
export function alerts(life: AlertLife): OperatorFunction<Alarm, AlertStep> {
  return (alarms$) =>
    concat(
      alarms$.pipe(
        map((alarm) => life.follow(alarm)),
        filter((step) => step !== null),
      ),
      defer(() => {
        const last = life.end();
        return last === null ? EMPTY : of(last);
      }),
    );
}
