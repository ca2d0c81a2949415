import { defer, Subject, take } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import * as assert from "uvu/assert";
import { type CaptureDeps, watchCamera } from "../../agent/capture/camera.js";
import { Pace } from "../../agent/capture/pace.js";
import { reconnect } from "../../agent/capture/reconnect.js";
import { Silence, whenSilent } from "../../agent/capture/silence.js";
import { threadPoolSizeFor } from "../../agent/capture/thread-pool.js";
import type { CameraEvent } from "../../agent/types.js";
import type { CameraConfig, SourceConfig } from "../../config/types.js";
import { type FakeSource, fakeSource } from "../fakes/frame-source.js";
import { cameraConfig } from "../support/config.js";
import { suite } from "../support/suite.js";
import { until as eventually } from "../support/until.js";

const test = suite("a camera watched");
const until = (condition: () => boolean) => eventually(condition, condition.toString());
const input = { width: 8, height: 8 };

function camera(source: SourceConfig): CameraConfig {
  return cameraConfig("cam", { source, roi: { x: 0.5, y: 0, width: 0.5, height: 1 } });
}

const live: SourceConfig = { type: "gstreamer", launch: "videotestsrc is-live=true", live: true };
const folder = { type: "images", path: "nowhere", loop: false, watch: "off" } as const;

interface Watched {
  readonly events: CameraEvent[];
  readonly source: FakeSource;
  readonly completed: () => boolean;
  want(count: number): void;
  kinds(): string[];
  stop(): void;
}

/** Watches a scripted source in real time, its limits shortened. */
function watch(
  config: SourceConfig,
  script: Parameters<typeof fakeSource>[1],
  deps: Partial<CaptureDeps> = {},
): Watched {
  const source = fakeSource(input, script);
  const demand$ = new Subject<number>();
  const events: CameraEvent[] = [];
  let completed = false;
  const subscription = watchCamera(
    { camera: camera(config), input, demand$ },
    {
      openSource: () => source,
      random: () => 0,
      silenceLimits: () => ({ firstMs: 60, answeredMs: 60, nextMs: 60, learned: false }),
      ...deps,
    },
  ).subscribe({
    next: (event) => void events.push(event),
    complete: () => {
      completed = true;
    },
  });
  return {
    events,
    source,
    completed: () => completed,
    want: (count) => demand$.next(count),
    kinds: () => events.map((event) => (event.kind === "condition" ? event.condition : event.kind)),
    stop: () => subscription.unsubscribe(),
  };
}

const pictures = (count: number) => Array.from({ length: count }, () => "picture" as const);

test("no picture is asked for that nobody wants", async () => {
  const watched = watch(live, pictures(9));
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.is(watched.source.asked(), 0);
  watched.want(2);
  await until(() => watched.kinds().filter((kind) => kind === "frame").length === 2);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.is(watched.source.asked(), 2);
  assert.equal(watched.kinds(), ["starting", "delivering", "frame", "frame"]);
  watched.stop();
});

test("frames are numbered and know what part of the camera's picture they show", async () => {
  const watched = watch(live, pictures(2));
  watched.want(2);
  await until(() => watched.events.length === 4);
  const frames = watched.events.flatMap((event) => (event.kind === "frame" ? [event.frame] : []));
  assert.equal(
    frames.map(({ number }) => number),
    [1, 2],
  );
  assert.equal(frames[0]!.view, { x: 4, y: 0, width: 4, height: 8 });
  watched.stop();
});

test("a camera that is lost is told once, tried again, and what was wanted is delivered", async () => {
  const watched = watch(live, ["picture", "lost", "lost", "picture", "picture"]);
  watched.want(3);
  await until(() => watched.kinds().filter((kind) => kind === "frame").length === 3);
  assert.equal(watched.kinds(), ["starting", "delivering", "frame", "no-signal", "delivering", "frame", "frame"]);
  const lost = watched.events.find((event) => event.kind === "condition" && event.condition === "no-signal");
  assert.match(lost?.kind === "condition" ? lost.reason! : "", /^pulled out\. Try the line/);
  watched.stop();
});

test("a live camera that falls silent is lost; a triggered one is idle and goes on where it was", async () => {
  const silent = watch(live, ["picture", "silence", "picture"]);
  silent.want(2);
  await until(() => silent.kinds().filter((kind) => kind === "frame").length === 2);
  assert.equal(silent.kinds(), ["starting", "delivering", "frame", "no-signal", "delivering", "frame"]);
  assert.is(silent.source.starts(), 2, "started anew");
  silent.stop();

  const triggered = watch({ type: "aravis", trigger: "hardware" }, ["picture", "silence"]);
  triggered.want(2);
  await until(() => triggered.kinds().includes("idle"));
  assert.equal(triggered.kinds(), ["starting", "delivering", "frame", "idle"]);
  assert.is(triggered.source.starts(), 1, "left alone");
  triggered.stop();
});

test("a picture that cannot be read is a failure of its own, and playing goes on", async () => {
  const watched = watch(folder, ["picture", "unreadable", "picture", "ended"]);
  watched.want(5);
  await until(() => watched.completed());
  assert.equal(watched.kinds(), ["starting", "delivering", "frame", "failed", "frame", "ended"]);
  watched.stop();
});

test("a folder with loop begins anew at its end; an empty one is lost, not a tight loop", async () => {
  const watched = watch({ ...folder, loop: true }, ["picture", "ended", "picture", "picture"]);
  watched.want(3);
  await until(() => watched.kinds().filter((kind) => kind === "frame").length === 3);
  assert.is(watched.source.starts(), 2);
  watched.stop();

  const empty = watch({ ...folder, loop: true }, ["ended", "ended", "ended", "ended"]);
  empty.want(1);
  await until(() => empty.kinds().includes("no-signal"));
  assert.ok(empty.source.starts() <= 2);
  empty.stop();
});

test("unsubscribing releases a camera that never delivers, and its demand", async () => {
  const watched = watch(live, ["silence"], {
    silenceLimits: () => ({ firstMs: 1e6, answeredMs: 1e6, nextMs: 1e6, learned: false }),
  });
  watched.want(1);
  await until(() => watched.source.asked() === 1);
  watched.stop();
  await until(() => !watched.source.running());
});

test("one dead camera does not slow another", async () => {
  const dead = watch(
    live,
    Array.from({ length: 50 }, () => "lost" as const),
  );
  const well = watch(live, pictures(200));
  dead.want(1);
  well.want(200);
  await until(() => well.kinds().filter((kind) => kind === "frame").length === 200);
  assert.ok(dead.kinds().includes("no-signal"));
  dead.stop();
  well.stop();
});

test("a source that cannot be opened is lost with the reason", async () => {
  const watched = watch(live, [], {
    openSource: () => {
      throw new Error("no such element");
    },
  });
  watched.want(1);
  await until(() => watched.kinds().includes("no-signal"));
  watched.stop();
});

test("attempts come ever more rarely, and soon again after a picture", () => {
  const scheduler = new TestScheduler(assert.equal);
  scheduler.run(({ cold, expectObservable }) => {
    const attempts = ["#", "#", "p#", "#", "-"].map((marbles) => cold<string>(marbles));
    const attempt$ = defer(() => attempts.shift()!);
    const watched$ = attempt$.pipe(reconnect({ scheduler, random: () => 1, lost: () => "x" }));
    expectObservable(watched$.pipe(take(5))).toBe("x 249ms x 499ms p(x|)".replace("p(x|)", "px 248ms (x|)"));
  });
});

test("silence is told while what is silent goes on", () => {
  const scheduler = new TestScheduler(assert.equal);
  scheduler.run(({ cold, expectObservable }) => {
    const late = cold("         -----------(p|)");
    const expected = "          -----s-----(p|)";
    expectObservable(late.pipe(whenSilent(5, scheduler, () => cold("(s|)")))).toBe(expected);
    const soon = cold("         --(p|)");
    expectObservable(soon.pipe(whenSilent(5, scheduler, () => cold("(s|)")))).toBe("--(p|)");
    const broken = cold("       -----------(p|)");
    expectObservable(broken.pipe(whenSilent(5, scheduler, () => cold<string>("#")))).toBe("-----#");
  });
});

test("a source is asked on its beat over time, and a late picture is not chased by a burst", () => {
  const pace = new Pace(10);
  const asked: number[] = [];
  let nowMs = 0;
  for (const lateMs of [0, 0, 3, 2, 850, 0, 0, 4, 0]) {
    nowMs += pace.waitMs(nowMs) + lateMs;
    asked.push(nowMs);
    pace.take(nowMs, 0);
  }
  assert.equal(asked, [0, 0, 103, 202, 1_150, 1_150, 1_250, 1_354, 1_450]);
});

test("a camera of just the rate that is asked for loses nothing to its jitter", () => {
  const pace = new Pace(10);
  const arrivals = Array.from({ length: 50 }, (_, index) => index * 100 + [0, 35, -35, 10, -20][index % 5]!);
  let askedFromMs = 0;
  for (const [index, arrivalMs] of arrivals.entries()) {
    assert.ok(askedFromMs <= arrivalMs, `picture ${index} was not asked for`);
    pace.take(arrivalMs, 0);
    askedFromMs = arrivalMs + pace.waitMs(arrivalMs);
  }
});

test("pictures that fps does not ask for are not missed; those that it does and nobody took are", () => {
  const kept = new Pace(10);
  const late = new Pace(10);
  let [keptMissed, lateMissed] = [0, 0];
  // 30 pictures a second; one consumer takes each third, the other each sixth.
  for (let index = 0; index < 60; index += 1) keptMissed += kept.take(index * 100, index === 0 ? 0 : 2);
  for (let index = 0; index < 30; index += 1) lateMissed += late.take(index * 200, index === 0 ? 0 : 5);
  assert.is(keptMissed, 0);
  assert.ok(Math.abs(lateMissed - 29) <= 1, `${lateMissed} of 29`);
});

test("the silence that is a fault follows from a slow camera's own intervals, and a quick one's stays short", () => {
  const silence = new Silence({ firstMs: 5_000, answeredMs: 20_000, nextMs: 3_000, learned: true });
  assert.is(silence.limitMs(false), 5_000);
  assert.is(silence.limitMs(true), 20_000);
  silence.begin();
  silence.heard(1_000);
  assert.is(silence.limitMs(true), 3_000);
  silence.tooLong();
  silence.begin();
  silence.heard(1_000);
  assert.is(silence.limitMs(true), 6_000, "a picture every five seconds is seen at last");
  silence.heard(5_000);
  assert.is(silence.limitMs(true), 15_000);
  for (let index = 0; index < 8; index += 1) silence.heard(100);
  assert.is(silence.limitMs(true), 3_000);
  for (let index = 0; index < 20; index += 1) silence.heard(59_000);
  assert.is(silence.limitMs(true), 60_000, "at most");
});

test("the thread pool has three threads a camera and some for the rest", () => {
  assert.is(threadPoolSizeFor(1), 7);
  assert.is(threadPoolSizeFor(16), 52);
  assert.is(threadPoolSizeFor(5_000), 1_024);
});

test.run();
