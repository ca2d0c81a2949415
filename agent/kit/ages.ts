import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { CodedError, messageOf } from "../../errors.js";
import { makeFolder, replaceFile } from "../../replace-file.js";
import { type Clock, STEP_MS } from "./clock.js";
import { Serial } from "./serial.js";

/**
 * How long ago the wall clock stamped something: by the time that has passed since, and not by what the clock says now. A clock that is
 * wrong, and one that is set right, makes nothing on disk old in an instant.
 */
export interface Ages {
  /** At least 0. @param stampMs epoch milliseconds, as the clock said them then */
  ageMs(stampMs: number): number;
  /** Writes down how far the clock has come. Never rejects. */
  close(): Promise<void>;
}

export interface AgesOptions {
  /** Where the spans of the clock's steady time are kept. */
  readonly file: string;
  readonly clock: Clock;
  readonly onLeap: (text: string) => void;
  readonly onTrouble: (trouble: CodedError) => void;
}

/** A stretch of the wall clock's time, both ends included, in which nobody set it. Epoch milliseconds. */
type Span = readonly [fromMs: number, toMs: number];

/** For so long a machine is away, or sleeps: a clock that is further ahead is not believed to tell how long. */
const BELIEVED_MS = 7 * 86_400_000;
/** How often the clock is written down: what was stamped between the last time and a kill is found this far behind its span. */
const EVERY_MS = 600_000;
const MOST_SPANS = 32;

/**
 * The spans of the clock's steady time, in the order in which they passed. A stamp belongs to the latest span that holds it; its age is
 * what passed of that span, and of those behind it. What was stamped before there was such an account is believed.
 */
export async function openAges({ file, clock, onLeap, onTrouble }: AgesOptions): Promise<Ages> {
  const trouble = (what: string, error: unknown): void =>
    onTrouble(
      new CodedError("CLOCK_UNKEPT", `what the clock said cannot be ${what}: ${messageOf(error)}`, { at: file }),
    );
  const kept = await spansIn(file).catch((error: unknown): Span[] => {
    trouble("read", error);
    return [];
  });
  const nowMs = clock.wallMs();
  // Where there is no account yet, the clock is believed to have been right.
  let spans: readonly Span[] =
    kept.length === 0
      ? [
          [0, nowMs],
          [nowMs, nowMs],
        ]
      : kept;
  const writes = new Serial((error) => trouble("written", error));
  const write = async (): Promise<void> => {
    await makeFolder(dirname(file), { mode: 0o700 });
    await replaceFile(file, `${JSON.stringify({ v: 1, spans })}\n`, { mode: 0o600 });
  };
  /** Of the last look at the clocks; at the start as if the time away had not passed. */
  let seen = { wallMs: spans.at(-1)![1], monotonicMs: clock.monotonicMs() };

  const look = (): void => {
    const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    const ranMs = now.monotonicMs - seen.monotonicMs;
    const leapMs = now.wallMs - seen.wallMs - ranMs;
    const [[fromMs, toMs], before] = [spans.at(-1)!, spans.slice(0, -1)];
    if (leapMs < -STEP_MS || leapMs > BELIEVED_MS) {
      const days = (Math.abs(leapMs) / 86_400_000).toFixed(1);
      onLeap(
        `the clock is ${days} days ${leapMs < 0 ? "behind" : "ahead of"} where it was: what is kept does not age by that`,
      );
      spans = [...before, [fromMs, toMs + ranMs] as const, [now.wallMs, now.wallMs] as const].slice(-MOST_SPANS);
      writes.soon(write);
    } else {
      spans = [...before, [fromMs, Math.max(toMs, now.wallMs)]];
    }
    seen = now;
  };
  look();
  writes.soon(write);
  const timer = setInterval(() => {
    look();
    writes.soon(write);
  }, EVERY_MS).unref();

  return {
    ageMs(stampMs) {
      look();
      let laterMs = 0;
      for (const [index, [fromMs, toMs]] of [...spans.entries()].reverse()) {
        if (stampMs >= fromMs && stampMs <= toMs + EVERY_MS) return Math.max(0, toMs - stampMs) + laterMs;
        if (index > 0) laterMs += toMs - fromMs;
      }
      // In no span: nobody knows when it was, but before all of those behind the first.
      return laterMs;
    },
    close: async () => {
      clearInterval(timer);
      look();
      await writes.run(write);
    },
  };
}

/** Empty where there is no such file yet. @throws what the file system or JSON does */
async function spansIn(file: string): Promise<Span[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return '{"spans":[]}';
    throw error;
  });
  const { spans } = JSON.parse(text) as { readonly spans?: unknown };
  if (!Array.isArray(spans) || !spans.every(isSpan)) throw new Error("it is not what the agent wrote");
  return spans;
}

function isSpan(value: unknown): value is Span {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] <= value[1];
}
