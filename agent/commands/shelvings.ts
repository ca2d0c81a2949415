import { messageOf } from "../../errors.js";
import { timestamp } from "../contract/payloads.js";
import type { Clock } from "../kit/clock.js";
import type { Logger } from "../kit/log.js";
import { inTurns } from "../kit/serial.js";
import type { CommandedCamera } from "./camera.js";
import type { Settings } from "./settings.js";
import { own, type Shelving } from "./settings-file.js";

/** How often it is written down how much is left. */
const CHECKPOINT_MS = 60_000;

export interface ShelvingsOptions {
  readonly cameras: readonly Pick<CommandedCamera, "config" | "alerts">[];
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Pick<Logger, "info" | "warn">;
}

type Shelved = ShelvingsOptions["cameras"][number];

/**
 * The shelvings of whole cameras, over restarts. Their time is counted by the monotonic clock and written down each minute, and at the
 * end of a run: the wall clock only tells how long the agent was away. Where it has gone back nothing is known of that, and what was
 * left is left: never more than was asked for. One that ends is removed, so that no clock can bring it back.
 */
export class Shelvings {
  readonly #options: ShelvingsOptions;
  readonly #inTurn = inTurns();
  /** By camera that is shelved, or was and is still on disk: when it is to be written next, monotonic; and whether that failed. */
  readonly #due = new Map<string, { readonly atMs: number; readonly failed: boolean }>();

  constructor(options: ShelvingsOptions) {
    this.#options = options;
  }

  /** Takes up what the run before has left, and logs it. */
  restore(): void {
    const { cameras, settings, clock, log } = this.#options;
    for (const { config, alerts } of cameras) {
      const shelving = own(settings.now.shelved, config.id);
      if (shelving === undefined) continue;
      const leftMs = leftOf(shelving, clock.wallMs());
      // At the next tick: what is left now, or that nothing is.
      this.#due.set(config.id, { atMs: clock.monotonicMs(), failed: false });
      const whose = `${config.id}: the shelving of its alerts${shelving.by === null ? "" : ` by ${shelving.by}`}`;
      if (leftMs === 0) {
        log.info(`${whose} is over`);
        continue;
      }
      alerts.restore(leftMs);
      const back = clock.wallMs() < shelving.asOfMs ? "; the clock has gone back since it was written down" : "";
      log.info(`${whose} goes on for ${(leftMs / 60_000).toFixed(1)} min${back}`);
    }
  }

  /** @returns until when, epoch milliseconds. @throws CodedError SETTINGS_UNWRITABLE, and nothing is shelved */
  shelve({ config, alerts }: Shelved, forMs: number, by: string | null): Promise<number> {
    const { settings, clock } = this.#options;
    return this.#inTurn(async () => {
      const asOfMs = clock.wallMs();
      await settings.set("shelved", config.id, { leftMs: forMs, asOfMs, by, since: timestamp(asOfMs) });
      this.#due.set(config.id, { atMs: clock.monotonicMs() + CHECKPOINT_MS, failed: false });
      alerts.shelve(null, forMs, by ?? undefined);
      return asOfMs + forMs;
    });
  }

  /** @returns false where nothing was shelved. @throws CodedError SETTINGS_UNWRITABLE */
  unshelve({ config, alerts }: Shelved): Promise<boolean> {
    return this.#inTurn(async () => {
      await this.#options.settings.set("shelved", config.id, undefined);
      this.#due.delete(config.id);
      return alerts.unshelve(null);
    });
  }

  /** About once a second. Never rejects: what cannot be written is logged, and tried again a minute later. */
  tick(): Promise<void> {
    return this.#write((isOver, { atMs, failed }) => {
      return this.#options.clock.monotonicMs() >= atMs || (isOver && !failed);
    });
  }

  /** Writes down what is left. Never rejects. */
  close(): Promise<void> {
    return this.#write(() => true);
  }

  #write(isDue: (isOver: boolean, due: { readonly atMs: number; readonly failed: boolean }) => boolean): Promise<void> {
    return this.#inTurn(async () => {
      for (const camera of this.#options.cameras) {
        const due = this.#due.get(camera.config.id);
        if (due !== undefined && isDue(camera.alerts.shelvedUntilMs === null, due)) await this.#writeOne(camera);
      }
    });
  }

  async #writeOne({ config: { id }, alerts }: Shelved): Promise<void> {
    const { settings, clock, log } = this.#options;
    const asOfMs = clock.wallMs();
    const untilMs = alerts.shelvedUntilMs;
    const shelving = own(settings.now.shelved, id);
    const isOver = untilMs === null || shelving === undefined;
    const next = { atMs: clock.monotonicMs() + CHECKPOINT_MS, failed: false };
    try {
      await settings.set("shelved", id, isOver ? undefined : { ...shelving, leftMs: untilMs - asOfMs, asOfMs });
      if (isOver) this.#due.delete(id);
      else this.#due.set(id, next);
    } catch (error) {
      this.#due.set(id, { ...next, failed: true });
      log.warn(`${id}: what is left of its shelving cannot be written down: ${messageOf(error)}`);
    }
  }
}

/** @param nowMs epoch milliseconds */
export function leftOf({ leftMs, asOfMs }: Shelving, nowMs: number): number {
  // Until the next checkpoint it may have gone on for another minute, whatever a clock that was set meanwhile says.
  const passedMs = Math.max(CHECKPOINT_MS, nowMs - asOfMs);
  return Math.max(0, leftMs - passedMs);
}
