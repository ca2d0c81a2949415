import {
  concat,
  concatMap,
  connect,
  defer,
  endWith,
  from,
  ignoreElements,
  merge,
  type Observable,
  type OperatorFunction,
  takeUntil,
} from "rxjs";
import type { Part } from "./part.js";
import type { PartCue, PartLife } from "./part-life.js";

/** The parts that a camera's pictures make; those that are not over when it stops being watched end then. @param outside$ cues that end with the pictures */
export function parts(life: PartLife, outside$: Observable<PartCue>): OperatorFunction<PartCue, Part> {
  return (cues$) =>
    concat(
      cues$.pipe(
        connect((inside$) => {
          const over$ = inside$.pipe(ignoreElements(), endWith(null));
          return merge(inside$, outside$.pipe(takeUntil(over$)));
        }),
        concatMap((cue) => life.follow(cue)),
      ),
      defer(() => from(life.end())),
    );
}
