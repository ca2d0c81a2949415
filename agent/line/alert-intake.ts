import type { Evidence } from "../evidence/evidence.js";
import type { Outbox } from "../outbox/outbox.js";
import type { AlertStep } from "../types.js";

/** Where alerts get their pictures, on their way into the outbox. */
export interface AlertDesk {
  /** In the turn in which the pipeline tells it. */
  accept(step: AlertStep): void;
  /** When the outbox has all that was accepted. */
  settled(): Promise<void>;
}

/** Each camera's alerts keep their order, though one of them may wait for its picture; no camera waits for another's. */
export function alertDesk(evidence: Pick<Evidence, "pictureOf">, outbox: Pick<Outbox, "add" | "announce">): AlertDesk {
  /** By camera: when its last alert is on its way into the outbox. Absent where nothing waits. */
  const tails = new Map<string, Promise<void>>();
  let added: Promise<void> = Promise.resolve();
  return {
    accept(step) {
      const { camera } = step;
      const tail = tails.get(camera);
      const picture = evidence.pictureOf(step);
      if (picture === null && tail === undefined) {
        added = outbox.add(step, { evidence: null });
        return;
      }
      const announced = outbox.announce(step);
      const next = Promise.all([picture, tail]).then(([made]) => {
        if (tails.get(camera) === next) tails.delete(camera);
        added = outbox.add(step, { evidence: made, announced });
      });
      tails.set(camera, next);
    },
    async settled() {
      await Promise.all(tails.values());
      await added;
    },
  };
}
