import * as assert from "uvu/assert";
import { clockMark, moment } from "../../agent/kit/clock.js";
import { type ClockSources, withTrust } from "../../agent/kit/clock-trust.js";
import { suite } from "../support/suite.js";

const test = suite("a clock that nobody vouches for");
const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 6, 1);
const INSTALLED_MS = Date.UTC(2026, 5, 1);

interface Machine {
  readonly clock: ReturnType<typeof withTrust>;
  wallMs: number;
  /** What the kernel says; null: it refuses. */
  kernel: "synchronised" | "unsynchronised" | null;
  timesyncd: boolean;
  timedated: boolean | null;
  asked: number;
  pass(ms: number): void;
}

function machine(first: Partial<Pick<Machine, "wallMs" | "kernel" | "timesyncd" | "timedated">> = {}): Machine {
  let monotonicMs = 0;
  const sources: ClockSources = {
    timex: () => {
      if (it.kernel === null) return null;
      const timex = Buffer.alloc(208);
      timex.writeInt32LE(it.kernel === "unsynchronised" ? 0x40 : 0x2001, 40);
      return timex;
    },
    isSetByTimesyncd: () => it.timesyncd,
    askTimedated: async () => {
      it.asked += 1;
      return it.timedated;
    },
    earliestMs: () => INSTALLED_MS,
  };
  const it: Machine = {
    wallMs: NOW_MS,
    kernel: "synchronised",
    timesyncd: false,
    timedated: null,
    asked: 0,
    ...first,
    clock: withTrust({ wallMs: () => it.wallMs, monotonicMs: () => monotonicMs }, sources),
    pass: (ms) => {
      monotonicMs += ms;
      it.wallMs += ms;
    },
  };
  return it;
}

const isDoubted = ({ clock, wallMs }: Machine): boolean => clock.isDoubted!(wallMs);

test("one that a time server holds is believed, and what it says carries no mark", () => {
  const { clock, wallMs } = machine();
  assert.equal(clockMark(clock, wallMs), {});
  assert.equal(
    clockMark({ wallMs: () => 0, monotonicMs: () => 0 }, 0),
    {},
    "nor what a clock says that is not the machine's",
  );
});

test("one that starts in 1970 is not, until it is set; what was stamped before is doubted ever after", () => {
  const it = machine({ wallMs: 5_000, kernel: "unsynchronised" });
  assert.equal(clockMark(it.clock, it.wallMs), { clock: "unsynchronised" });
  it.pass(2_000);
  [it.wallMs, it.kernel] = [NOW_MS, "synchronised"];
  it.pass(2_000);
  assert.is(isDoubted(it), false);
  assert.is(it.clock.isDoubted!(5_000), true);
});

test("one that runs on by its battery after a power cut is not, though it shows a likely time", () => {
  const it = machine({ kernel: "unsynchronised" });
  assert.is(isDoubted(it), true);
  it.timesyncd = true;
  assert.is(isDoubted(it), true, "it is looked at once a second");
  it.pass(1_001);
  assert.is(isDoubted(it), false);
});

test("once believed it stays so through a lost time server, until somebody sets it without one", () => {
  const it = machine();
  assert.is(isDoubted(it), false);
  it.kernel = "unsynchronised";
  it.pass(3 * DAY_MS);
  assert.is(isDoubted(it), false);
  it.pass(2_000);
  it.wallMs -= 3_600_000;
  assert.is(isDoubted(it), true);
});

test("where the kernel's account is hidden timedated is asked, once a minute, and the install date holds even where nobody answers", async () => {
  const it = machine({ kernel: null, timedated: false });
  assert.is(isDoubted(it), false, "nobody says anything yet");
  await Promise.resolve();
  it.pass(1_001);
  assert.is(isDoubted(it), true);
  it.timedated = true;
  for (let seconds = 0; seconds < 61; seconds += 1) {
    it.pass(1_001);
    isDoubted(it);
    await Promise.resolve();
  }
  assert.is(isDoubted(it), false);
  assert.is(it.asked, 2);
  const silent = machine({ kernel: null });
  assert.equal([isDoubted(silent), silent.clock.isDoubted!(INSTALLED_MS - 1)], [false, true]);
});

test("where timedated alone vouches, a clock that somebody sets by hand is asked about anew", async () => {
  const it = machine({ kernel: null, timedated: true });
  const look = async (): Promise<boolean> => {
    isDoubted(it);
    await Promise.resolve();
    it.pass(1_001);
    return isDoubted(it);
  };
  assert.is(await look(), false);
  [it.wallMs, it.timedated] = [it.wallMs - 3_600_000, false];
  it.pass(1_001);
  assert.is(await look(), true);
});

test("since when something is follows a clock that is set, and not one that is slewed", () => {
  const it = machine({ wallMs: 5_000 });
  const since = moment(it.clock);
  it.pass(60_000);
  it.wallMs += 900;
  assert.is(since(), 5_000);
  it.wallMs = NOW_MS;
  assert.is(since(), NOW_MS - 60_000);
});

test.run();
