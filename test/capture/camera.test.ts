import { defer, Subject, take } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import * as assert from "uvu/assert";
import { type CaptureDeps, watchCamera } from "../../agent/capture/camera.js";
import { createPace } from "../../agent/capture/pace.js";
import { backoffMs, reconnect } from "../../agent/capture/reconnect.js";
import { whenSilent } from "../../agent/capture/silence.js";
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
const folder: SourceConfig = { type: "images", path: "nowhere", loop: false };

interface Watched {
  readonly events: CameraEvent[];
  readonly source: FakeSource;
  readonly completed: () => boolean;
  want(count: number): void;
  kinds(): string[];
  stop(): void;
}

/** Watches a scripted source in real time, its patience shortened. */
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
      patience: () => ({ firstMs: 60, answeredMs: 60, nextMs: 60 }),
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
  const watched = watch(live, ["silence"], { patience: () => ({ firstMs: 1e6, answeredMs: 1e6, nextMs: 1e6 }) });
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

test("the delay doubles up to 5 s, half of it jitter", () => {
  const delays = [0, 1, 2, 3, 4, 5, 6, 20];
  assert.equal(
    delays.map((failures) => backoffMs(failures, () => 1)),
    [250, 500, 1000, 2000, 4000, 5000, 5000, 5000],
  );
  assert.equal(
    delays.map((failures) => backoffMs(failures, () => 0)),
    [125, 250, 500, 1000, 2000, 2500, 2500, 2500],
  );
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

test("the pace keeps its beat over time, and a late frame is not chased by a burst", () => {
  const pace = createPace(10);
  const waits = [0, 10, 130, 900, 905, 910].map((now) => Math.round(pace(now)));
  assert.is(waits[0], 0);
  assert.ok(waits[1]! > 60 && waits[1]! <= 100, `${waits}`);
  assert.is(waits[3], 0);
  assert.ok(waits[4]! > 60 && waits[5]! > waits[4]!, `${waits}`);
});

test("the thread pool has three threads a camera and some for the rest", () => {
  assert.is(threadPoolSizeFor(1), 7);
  assert.is(threadPoolSizeFor(16), 52);
  assert.is(threadPoolSizeFor(5_000), 1_024);
});

test.run();
