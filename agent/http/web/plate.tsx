import type { LiveCamera } from "../../contract/live-events.js";
import type { CameraState } from "../../contract/payloads.js";
import type { PartOutcome } from "../../types.js";
import { duration } from "./format.js";
import type { Standing } from "./standing.js";
import { words } from "./words.js";

type Told = CameraState | "blind" | Exclude<PartOutcome, "ok">;

/** A shape for each, so that none depends on its colour alone: paths in 24 x 24. */
const SHAPES: Readonly<Record<Told, string>> = {
  // A square with a cross.
  ng: "M1 1h22v22H1V1Zm6.1 3.9L4.9 7.1 9.8 12l-4.9 4.9 2.2 2.2 4.9-4.9 4.9 4.9 2.2-2.2L14.2 12l4.9-4.9-2.2-2.2L12 9.8 7.1 4.9Z",
  // An eye that is struck through.
  blind:
    "M3.3 1.2 22.8 20.7 20.7 22.8 16.9 19c-1.5.6-3.1 1-4.9 1C5.5 20 1 14.5 0 12c.7-1.7 2.4-4 4.9-5.7L1.2 2.7 3.3 1.2ZM8.5 10a4 4 0 0 0 5.5 5.5L8.5 10ZM12 4c6.5 0 11 5.5 12 8-.6 1.4-1.9 3.3-3.8 4.9L16 12.7A4 4 0 0 0 11.3 8L8.5 5.2C9.6 4.5 10.7 4 12 4Z",
  // A diamond with a question mark.
  unknown:
    "M12 0 24 12 12 24 0 12 12 0Zm-3.8 9.6h2.5a1.3 1.3 0 1 1 2 1.1c-1.3.8-1.9 1.5-1.9 2.9v.6h2.4v-.4c0-.6.3-.9 1-1.3a3.7 3.7 0 1 0-6-2.9Zm2.5 5.9v2.5h2.6v-2.5h-2.6Z",
  // A disc with a tick.
  ok: "M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22Zm-1.6 16.2-4.6-4.6 1.9-1.9 2.7 2.7 6-6 1.9 1.9-7.9 7.9Z",
  // A stop sign with an exclamation mark.
  anomalous: "M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9L7.5 1ZM10.6 5.5v8.5h2.8V5.5h-2.8Zm0 10.5v2.7h2.8V16h-2.8Z",
  // A warning triangle.
  faulted: "M12 1 24 22.5H0L12 1Zm-1.4 7.5v7h2.8v-7h-2.8Zm0 8.5v2.5h2.8V17h-2.8Z",
  // A screen that is crossed out.
  "no-signal":
    "M1 3h22v15h-8v3H9v-3H1V3Zm6.9 3L6 7.9l2.6 2.6L6 13.1 7.9 15l4.1-2.7L16.1 15l1.9-1.9-2.6-2.6L18 7.9 16.1 6 12 8.7 7.9 6Z",
  // Two bars.
  idle: "M2 2h20v20H2V2Zm5.5 4.5v11h3v-11h-3Zm6 0v11h3v-11h-3Z",
  // A dial.
  starting:
    "M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22Zm0 3a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm-1.3 2.5v6.1l4.4 3.3 1.6-2.1-3.4-2.5V6.5h-2.6Z",
  // A disc that is struck through.
  disabled: "M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22ZM5.5 10.6h13v2.8h-13v-2.8Z",
};

function Shape({ of }: { readonly of: Told }) {
  return (
    <svg class="shape" viewBox="0 0 24 24" aria-hidden="true">
      <path fill-rule="evenodd" d={SHAPES[of]} />
    </svg>
  );
}

interface PlateProps {
  readonly camera: LiveCamera;
  readonly standing: Standing;
  readonly nowMs: number;
}

/** How a camera stands, in a shape, a word and a colour, to be read across a hall; the alarm's own state beside that of a part. */
export function Plate({ camera, standing, nowMs }: PlateProps) {
  const { reason, since } = camera;
  const time = words.since(duration(nowMs - Date.parse(since)));
  if (standing.kind === "state") {
    const { state } = standing;
    return (
      <div class="plate" data-state={state}>
        <Shape of={state} />
        <strong class="word">{words.state[state]}</strong>
        <span class="because">
          <span class="numeral">{time}</span>
          <span class="reason">{reason ?? words.stateMeans[state]}</span>
        </span>
      </div>
    );
  }
  const { verdict, part, about, alarm } = standing;
  const name = part === null ? words.part.inSight : words.part.chosen(String(part));
  return (
    <div class="plate" data-state={verdict}>
      <Shape of={verdict} />
      <strong class="word">
        {words.part.verdict[verdict]}
        <span class="unseen">: {words.part.spoken[verdict]}</span>
      </strong>
      <span class="because">
        <b class="of">{name}</b>
        {verdict === "unknown" && <span class="reason">{about}</span>}
        <span class="alarm" data-state={alarm} title={reason ?? words.stateMeans[alarm]}>
          <Shape of={alarm} />
          <span class="label">{words.alarm}</span> <b>{words.state[alarm]}</b> <span class="numeral">{time}</span>
        </span>
      </span>
    </div>
  );
}
