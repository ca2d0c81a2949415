import { errorCodes } from "../../errors.js";
import { timestamp } from "../contract/payloads.js";
import type { Clock } from "../kit/clock.js";
import type { Logger } from "../kit/log.js";

/** Logs when nobody vouches for the clock, and when somebody does after all. @param onSet called at the latter */
export function watchClock({ isDoubted, wallMs }: Clock, log: Logger, onSet: () => void): () => void {
  if (isDoubted === undefined) return () => undefined;
  let wasDoubted = false;
  return () => {
    const doubted = isDoubted(wallMs());
    if (doubted === wasDoubted) return;
    wasDoubted = doubted;
    const now = `it shows ${timestamp(wallMs())}`;
    const { remedy } = errorCodes.CLOCK_UNSYNCHRONISED;
    if (doubted) log.warn(`CLOCK_UNSYNCHRONISED: nobody vouches for the clock: messages say so; ${now}. ${remedy}`);
    else {
      log.info(`the clock is set: ${now}`);
      onSet();
    }
  };
}
