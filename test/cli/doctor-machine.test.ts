/** Doctor's looks at the clock and the cores. */
import * as assert from "uvu/assert";
import { type ClockMachine, clockCheck } from "../../agent/doctor/clock.js";
import { type CoreMachine, coreChecks } from "../../agent/doctor/cores.js";
import { adjtimex } from "../../agent/kit/libc.js";
import { cameraConfig, configOf, inferenceConfig } from "../support/config.js";
import { suite } from "../support/suite.js";

const test = suite("doctor's machine");

/** `struct timex` of a 64-bit Linux (sys/timex.h): the largest error in microseconds, and the status. */
function timex(maxErrorUs: number, status: number): Uint8Array {
  const bytes = Buffer.alloc(208);
  bytes.writeBigInt64LE(BigInt(maxErrorUs), 24);
  bytes.writeInt32LE(status, 40);
  return bytes;
}

const PLL = 0x2001;
const UNSYNC = 0x40;
const nowMs = Date.parse("2026-03-01T08:00:00.000Z");
const clock: ClockMachine = {
  timex: () => timex(31_500, PLL),
  nowMs: () => nowMs,
  installedMs: async () => nowMs - 1e9,
};

test("doctor: a clock that a time server holds is told with how far it may be off; one that none holds, with what to do", async () => {
  const held = await clockCheck(clock);
  assert.equal([held.level, held.code, held.message], ["ok", "CLOCK_OK", "synchronised, off by at most 32 ms"]);
  const loose = await clockCheck({ ...clock, timex: () => timex(16_000_000, UNSYNC) });
  assert.equal([loose.level, loose.code], ["note", "CLOCK_UNSYNCHRONISED"]);
  assert.match(loose.message, "2026-03-01 08:00:00 UTC");
  assert.match(loose.remedy, "timedatectl set-ntp true");
});

test("doctor: a board without a battery that wakes in 1970 fails; a kernel that does not say is a note", async () => {
  const woken = await clockCheck({ ...clock, nowMs: () => 0 });
  assert.equal([woken.level, woken.code], ["fail", "CLOCK_BEHIND"]);
  const failing = () => {
    throw new Error("no koffi");
  };
  for (const timexOf of [() => null, failing])
    assert.is((await clockCheck({ ...clock, timex: timexOf })).code, "CLOCK_UNKNOWN");
});

test("doctor: this machine's own kernel is understood: an error that is none below zero, and time within 16 s of what the kernel allows", () => {
  const bytes = adjtimex();
  if (bytes === null) {
    console.log("skipped: adjtimex is forbidden here");
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const maxErrorUs = Number(view.getBigInt64(24, true));
  assert.ok(maxErrorUs >= 0 && maxErrorUs <= 16_000_000, `${maxErrorUs} us`);
  // tv_sec of the same structure stands at 72: its layout is the one that is read.
  assert.ok(Math.abs(Number(view.getBigInt64(72, true)) - Date.now() / 1_000) < 5);
});

const machine: CoreMachine = { cores: 4, poolSize: 64, read: () => Promise.reject(new Error("ENOENT")) };

async function codes(of: Partial<CoreMachine>, threads = 0, models = 1, cameras = 1): Promise<readonly string[]> {
  const each = Array.from({ length: cameras }, (_, index) =>
    cameraConfig(`c${index}`, { model: `m${index % models}` }),
  );
  const config = configOf(each, {
    inference: inferenceConfig({ threads }),
    models: Object.fromEntries(Array.from({ length: models }, (_, index) => [`m${index}`, { path: "/b" }])),
  });
  const checks = await coreChecks(config, { ...machine, ...of });
  return checks.map(({ level, code, message, remedy }) => `${level} ${code} ${message} ${remedy}`.trim());
}

test("doctor: threads of inference are held against cores, a container's share of them included", async () => {
  assert.match((await codes({}))[0], /^ok CORES_OK 1 model with 4 threads on 4 cores$/);
  assert.match(
    (await codes({}, 0, 2, 2))[0],
    /^note CORES_CROWDED 2 models with 4 threads each on 4 cores .*inference\.threads to 2:/,
  );
  assert.match((await codes({}, 2, 2, 2))[0], /^ok CORES_OK/);
  assert.match((await codes({}, 1, 9, 9))[0], /^ok CORES_OK/, "nothing is left to set");
  const read = async (path: string) => (path.endsWith("cpu.max") ? "200000 100000\n" : "");
  assert.match(
    (await codes({ cores: 64, read }))[0],
    /^note CORES_CROWDED .*of which this container may use 2 .*inference\.threads to 2:/,
  );
});

test("doctor: a thread pool that is too small for the cameras, and a CPU that is kept slow, are told with what to set", async () => {
  assert.match(
    (await codes({ poolSize: 4 }, 0, 1, 3))[1],
    /^note POOL_SMALL 4 threads, 13 needed by 3 cameras .*UV_THREADPOOL_SIZE=13/,
  );
  assert.match((await codes({}))[1], /^ok POOL_OK/);
  const governor = (driver: string) => async (path: string) => {
    if (path.endsWith("governor")) return "powersave\n";
    return path.endsWith("driver") ? driver : "";
  };
  assert.match((await codes({ read: governor("tegra194") }))[2], /^note CPU_SAVING .*nvpmodel/);
  assert.is((await codes({ read: governor("intel_pstate") })).length, 2, "there it chooses by itself");
});

test.run();
