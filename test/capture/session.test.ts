import * as assert from "uvu/assert";
import { type Delivery, underWayMs, type VisionDevice } from "../../agent/capture/vision/device.js";
import { createSession } from "../../agent/capture/vision/session.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("a connection to a GigE or USB3 Vision camera");

/** A device that delivers what is put into it; its clock goes as far as it is told. */
function fake(answers = true) {
  const deliveries: Delivery[] = [];
  const counts = { out: 0, triggers: 0, asked: 0, closed: 0 };
  let nowMs = 0;
  const device: VisionDevice = {
    picture: { gstreamer: "video/x-raw,format=GRAY8", width: 4, height: 4 },
    async trigger() {
      counts.triggers += 1;
    },
    async next() {
      await new Promise((resolve) => setImmediate(resolve));
      return deliveries.shift() ?? null;
    },
    async ask() {
      counts.asked += 1;
      if (!answers) throw new Error("timeout");
    },
    async close() {
      counts.closed += 1;
    },
  };
  const deliver = (whole: boolean, underWayMs = 0): void => {
    counts.out += 1;
    deliveries.push({ whole, underWayMs, read: () => new Uint8Array(16), release: () => void (counts.out -= 1) });
  };
  const open = (onDemand = false) => createSession({ open: async () => device, onDemand, monotonicMs: () => nowMs });
  const pass = (ms: number): void => void (nowMs += ms);
  return { counts, deliver, open, pass, empty: () => deliveries.length === 0 };
}

test("the newest picture is kept, those that it replaces are counted, and every buffer is given back", async () => {
  const camera = fake();
  for (let index = 0; index < 3; index += 1) camera.deliver(true);
  const session = camera.open();
  await until(() => camera.empty() && camera.counts.out === 1, "two are given back");
  const told = await session.take();
  assert.ok(told.kind === "picture" && told.missed === 2);
  if (told.kind === "picture") told.delivery.release();
  camera.deliver(true);
  await until(camera.empty, "one more");
  await session.end();
  assert.is(camera.counts.out, 0, "what nobody took is given back at the end");
  assert.is(camera.counts.closed, 1);
});

test("a software trigger is issued for each picture that is asked for, and for no other", async () => {
  const camera = fake();
  const session = camera.open(true);
  await until(() => session.opened() !== null, "it is open");
  assert.is(camera.counts.triggers, 0);
  for (const wanted of [1, 2]) {
    const told = session.take();
    await until(() => camera.counts.triggers === wanted, "the trigger");
    camera.deliver(true);
    assert.is((await told).kind, "picture");
  }
  assert.is(camera.counts.triggers, 2);
  await session.end();
});

test("a picture was taken when it was triggered; without a trigger of ours, when its first packet came", async () => {
  const takenAtMs = async (onDemand: boolean, underWayMs: number): Promise<number | null> => {
    const camera = fake();
    const session = camera.open(onDemand);
    await until(() => session.opened() !== null, "it is open");
    camera.pass(1_000);
    const told = session.take();
    camera.pass(60);
    camera.deliver(true, underWayMs);
    const answer = await told;
    await session.end();
    return answer.kind === "picture" ? answer.takenAtMs : null;
  };
  assert.equal(
    [await takenAtMs(true, 20), await takenAtMs(false, 20), await takenAtMs(false, 0)],
    [1_000, 1_040, 1_060],
  );
  // A clock that was set meanwhile says nothing.
  assert.equal([underWayMs(900, 1_000), underWayMs(1_001, 1_000), underWayMs(0, 1e12)], [100, 0, 0]);
});

test("a picture with holes is told; with nothing else for 3 s the camera is lost, and the reason names the setting", async () => {
  const camera = fake();
  const session = camera.open();
  camera.deliver(false);
  assert.is((await session.take()).kind, "incomplete");
  camera.pass(3_100);
  camera.deliver(false);
  assert.is((await session.take()).kind, "incomplete");
  const told = await session.take();
  assert.ok(told.kind === "lost" && told.reason.includes("net.core.rmem_max"));
  await session.end();
});

test("a silent camera is asked whether it is there: one that answers is waited for, one that does not is lost", async () => {
  const well = fake();
  const waiting = well.open();
  const told = waiting.take();
  await until(() => waiting.opened() !== null, "it is open");
  for (const asked of [1, 2]) {
    well.pass(2_100);
    await until(() => well.counts.asked === asked, "the question");
  }
  well.deliver(true);
  assert.is((await told).kind, "picture");
  await waiting.end();

  const gone = fake(false);
  const session = gone.open();
  const lost = session.take();
  await until(() => session.opened() !== null, "it is open");
  gone.pass(2_100);
  assert.equal(await lost, { kind: "lost", reason: "timeout" });
  await session.end();
});

test("an end releases what waits", async () => {
  const session = fake().open();
  const told = session.take();
  await session.end();
  assert.equal(await told, { kind: "lost", reason: "stopped" });
});

test.run();
