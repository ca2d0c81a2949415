import type { CameraState } from "../../contract/payloads.js";

/** A shape for each state, so that none depends on its colour alone: paths in 24 x 24. */
const SHAPES: Readonly<Record<CameraState, string>> = {
  // A disc with a tick.
  ok: "M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22Zm-1.6 16.2-4.6-4.6 1.9-1.9 2.7 2.7 6-6 1.9 1.9-7.9 7.9Z",
  // A stop sign with an exclamation mark.
  anomalous: "M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9L7.5 1ZM10.6 5.5v8.5h2.8V5.5h-2.8Zm0 10.5v2.700h2.8V16h-2.8Z",
  // A warning triangle.
  faulted: "M12 1 24 22.5H0L12 1Zm-1.4 7.5v7h2.8v-7h-2.8Zm0 8.5v2.5h2.8V17h-2.8Z",
  // A screen that is crossed out.
  "no-signal":
    "M1 3h22v15h-8v3H9v-3H1V3Zm6.9 3L6 7.9l2.6 2.6L6 13.1 7.9 15l4.1-2.700L16.1 15l1.9-1.9-2.6-2.6L18 7.9 16.1 6 12 8.700 7.9 6Z",
  // Two bars.
  idle: "M2 2h20v20H2V2Zm5.5 4.5v11h3v-11h-3Zm6 0v11h3v-11h-3Z",
  // A dial.
  starting:
    "M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22Zm0 3a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm-1.3 2.5v6.1l4.4 3.3 1.6-2.1-3.4-2.5V6.5h-2.6Z",
  // A disc that is struck through.
  disabled: "M12 1a11 11 0 1 0 0 22 11 11 0 0 0 0-22ZM5.5 10.6h13v2.8h-13v-2.8Z",
};

export function StateShape({ state }: { readonly state: CameraState }) {
  return (
    <svg class="shape" viewBox="0 0 24 24" aria-hidden="true">
      <path fill-rule="evenodd" d={SHAPES[state]} />
    </svg>
  );
}
