import type { Evidence } from "../evidence/evidence.js";
import type { ClockMark } from "../kit/clock.js";
import type { Outbox } from "../outbox/outbox.js";
import type { AlertStep } from "../types.js";

/** The picture of an alert's step. */
export interface AlertPicture {
  readonly camera: string;
  readonly jpeg: Uint8Array;
}

/** The way of alerts into the outbox, on which they get their pictures. */
export interface AlertIntake {
  /** Takes a step, in the turn in which the pipeline makes it: its frame, the camera's newest or its latest part's, is then still held. */
  accept(step: AlertStep): void;
  /** Resolves when the outbox has every step that was accepted. */
  settled(): Promise<void>;
}

/** Steps of one camera keep their order, though one of them may wait for its picture; no camera waits for another's. */
export function alertIntake(
  evidence: Pick<Evidence, "pictureOf">,
  outbox: Pick<Outbox, "add" | "announce">,
  onPicture: (picture: AlertPicture) => void = () => undefined,
  mark: (stampMs: number) => ClockMark = () => ({}),
): AlertIntake {
  /** By camera: resolves when its last step is on its way into the outbox. Absent where none waits. */
  const tails = new Map<string, Promise<void>>();
  let added: Promise<void> = Promise.resolve();
  return {
    accept(made) {
      const step = { ...made, ...mark(made.tsMs) };
      const { camera } = step;
      const tail = tails.get(camera);
      const picture = evidence.pictureOf(step);
      if (picture === null && tail === undefined) {
        added = outbox.add(step, { evidence: null });
        return;
      }
      const announced = outbox.announce(step);
      const next = Promise.all([picture, tail]).then(([drawn]) => {
        if (tails.get(camera) === next) tails.delete(camera);
        if (drawn !== null) onPicture({ camera, jpeg: drawn.jpeg });
        added = outbox.add(step, { evidence: drawn, announced });
      });
      tails.set(camera, next);
    },
    async settled() {
      await Promise.all(tails.values());
      await added;
    },
  };
}
