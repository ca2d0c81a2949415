import { existsSync, statSync } from "node:fs";
import { endianness } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import { type Clock, STEP_MS } from "./clock.js";
import { adjtimex } from "./libc.js";
import { outputOf } from "./program.js";

/** What a machine says of its clock. */
export interface ClockSources {
  /** `struct timex` as adjtimex(2) fills it in on 64-bit Linux, null where it refuses; throws where it cannot be called. */
  readonly timex: () => Uint8Array | null;
  /** Whether systemd-timesyncd has set the clock since the machine started. */
  readonly isSetByTimesyncd: () => boolean;
  /** Asks systemd whether the clock is synchronised; null where nobody says. A process: not often. */
  readonly askTimedated: () => Promise<boolean | null>;
  /** No true clock shows an earlier time, epoch milliseconds. */
  readonly earliestMs: () => number;
}

/** When this was written. */
const WRITTEN_MS = Date.UTC(2026, 0, 1);
/** What was unpacked from an archive may be of another time zone's evening. */
const DAY_MS = 86_400_000;
const LOOK_MS = 1_000;
const ASK_MS = 60_000;
const ASK_LIMIT_MS = 5_000;
/** Of `struct timex` (sys/timex.h), where a long has 64 bits. */
const STATUS_AT = 40;
const STA_UNSYNC = 0x40;

export const machineClockSources: ClockSources = {
  timex: adjtimex,
  isSetByTimesyncd: () => existsSync("/run/systemd/timesync/synchronized"),
  askTimedated: async () => {
    const args = ["show", "--property=NTPSynchronized", "--value"];
    const text = (await outputOf("timedatectl", args, { limitMs: ASK_LIMIT_MS }).catch(() => "")).trim();
    return text === "" ? null : text === "yes";
  },
  earliestMs: () => Math.max(WRITTEN_MS, statSync(join(packageRoot(), "package.json")).mtimeMs - DAY_MS),
};

/**
 * Adds to a clock whether anybody vouches for it: a time server's word, by the kernel's account, by timesyncd's, or by timedated's where
 * a sandbox hides the kernel's (systemd's ProtectClock=). Once vouched for it stays so, for a quartz is good enough for days, until somebody
 * sets it without a time server. Where nobody says anything it is believed, unless it shows a time that cannot be.
 */
export function withTrust(clock: Clock, sources: ClockSources = machineClockSources): Clock {
  const { wallMs, monotonicMs } = clock;
  let earliestMs: number | null = null;
  let vouched: boolean | null = null;
  let asked: boolean | null = null;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let seen: { readonly wallMs: number; readonly monotonicMs: number } | null = null;

  const ask = (nowMs: number): void => {
    if (nowMs - askedAtMs < ASK_MS) return;
    askedAtMs = nowMs;
    void sources.askTimedated().then((answer) => {
      asked = answer;
    });
  };
  const look = (): void => {
    const now = { wallMs: wallMs(), monotonicMs: monotonicMs() };
    if (seen !== null && now.monotonicMs - seen.monotonicMs < LOOK_MS) return;
    const leapMs = seen === null ? 0 : now.wallMs - seen.wallMs - (now.monotonicMs - seen.monotonicMs);
    seen = now;
    if (Math.abs(leapMs) > STEP_MS) {
      vouched = null;
      // What timedated said of the time before says nothing of this one.
      asked = null;
      askedAtMs = Number.NEGATIVE_INFINITY;
    }
    if (vouched === true) return;
    const kernel = isSynchronised(sources.timex);
    if (kernel === null && !sources.isSetByTimesyncd()) ask(now.monotonicMs);
    vouched = kernel === true || sources.isSetByTimesyncd() ? true : (kernel ?? asked);
  };
  const earliest = (): number => {
    try {
      earliestMs ??= sources.earliestMs();
    } catch {
      // A package without its package.json does not start: this is for tests of parts of it.
      earliestMs = WRITTEN_MS;
    }
    return earliestMs;
  };
  return {
    wallMs,
    monotonicMs,
    isDoubted: (stampMs) => {
      look();
      return vouched === false || stampMs < earliest();
    },
  };
}

/** By the kernel's account; null where it does not say. */
function isSynchronised(timex: ClockSources["timex"]): boolean | null {
  if (endianness() !== "LE") return null;
  try {
    const bytes = timex();
    if (bytes === null) return null;
    return (
      (new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(STATUS_AT, true) & STA_UNSYNC) === 0
    );
  } catch {
    // Without koffi nobody can ask the kernel.
    return null;
  }
}
