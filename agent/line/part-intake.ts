import type { VerdictPayload } from "../contract/part-payloads.js";
import type { Evidence } from "../evidence/evidence.js";
import type { Picture } from "../evidence/subject.js";
import type { ClockMark } from "../kit/clock.js";
import type { KeptVerdict, Outbox } from "../outbox/outbox.js";
import type { Part } from "../parts/part.js";

/** The way of parts into the outbox: their verdicts at once, what is kept of them behind. */
export interface PartIntake {
  /**
   * Takes a part, in the turn in which it is judged: what the camera saw of it is soon gone.
   * @returns its verdict with its number, which waits for no picture; null where it was given up
   */
  accept(part: Part): Promise<VerdictPayload | null>;
  /** Resolves when the outbox has every picture that was drawn. */
  settled(): Promise<void>;
}

export function partIntake(
  evidence: Pick<Evidence, "holdPart">,
  outbox: Pick<Outbox, "addVerdict" | "addPicture">,
  mark: (stampMs: number) => ClockMark = () => ({}),
): PartIntake {
  const drawing = new Set<Promise<void>>();
  const follow = (kept: KeptVerdict, picture: Promise<Picture | null>): void => {
    const drawn = picture.then((made) => (made === null ? undefined : outbox.addPicture(kept, made)));
    drawing.add(drawn);
    void drawn.finally(() => drawing.delete(drawn));
  };
  return {
    async accept(part) {
      const held = evidence.holdPart(part);
      const kept = await outbox.addVerdict({ ...part.verdict, ...mark(part.verdict.tsMs) }, held.picture !== null);
      if (kept === null) {
        held.drop();
        return null;
      }
      held.keep(kept.payload.seq);
      if (held.picture !== null) follow(kept, held.picture);
      return kept.payload;
    },
    async settled() {
      await Promise.all(drawing);
    },
  };
}
