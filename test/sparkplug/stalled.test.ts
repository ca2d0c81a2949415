import { EMPTY } from "rxjs";
import * as assert from "uvu/assert";
import type { BrokerSession, SessionPacket } from "../../agent/contract/broker-session.js";
import { verdictPayload } from "../../agent/contract/part-payloads.js";
import { realClock } from "../../agent/kit/clock.js";
import { CameraDevice } from "../../agent/sparkplug/camera-device.js";
import { EdgeNode } from "../../agent/sparkplug/edge-node.js";
import { MetricGroup } from "../../agent/sparkplug/metric-group.js";
import { openSparkplug } from "../../agent/sparkplug/open.js";
import { sparkplugTopics } from "../../agent/sparkplug/topics.js";
import { CodedError } from "../../errors.js";
import { configOf, sparkplugConfig } from "../support/config.js";
import { partVerdict } from "../support/outbox.js";
import { decoded } from "../support/sparkplug.js";
import { emptyOutbox, tellingCameras } from "../support/sparkplug-node.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** An edge node whose network takes nothing for a while, or not all. */
const test = suite("Sparkplug: a network that stalls");

/** A session that writes when the test says so. */
function stallingSession() {
  const sent: SessionPacket[] = [];
  let waiting: (() => void)[] = [];
  const session: BrokerSession = {
    subscribe: async () => undefined,
    send: (packet) => {
      sent.push(packet);
      return new Promise((resolve) => waiting.push(resolve));
    },
    end: async () => undefined,
  };
  const flow = async (): Promise<void> => {
    for (const resolve of waiting) resolve();
    waiting = [];
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { sent, session, flow };
}

/** @param passedMs on the node's clock */
function nodeOf(onTrouble: (trouble: CodedError) => void = () => undefined, passedMs = () => 0) {
  const clock = { wallMs: realClock.wallMs, monotonicMs: passedMs };
  const devices = tellingCameras().map((camera, index) => new CameraDevice(camera, { index, maxWaiting: 1_000 }));
  const topics = sparkplugTopics("retort", "line-7");
  const node = new EdgeNode({ topics, metrics: new MetricGroup([], 1), devices, clock, onTrouble });
  const [cam1] = devices as [CameraDevice];
  const judge = (seq: number): void => node.found(cam1, cam1.judged(verdictPayload(partVerdict({ part: seq }), seq)));
  return { node, cam1, judge };
}

const numbers = (sent: readonly SessionPacket[]) => sent.map(({ payload }) => decoded(payload).seq);

test("what it does not take waits, bounded, and comes as history when it flows; no number is left out", async () => {
  const { sent, session, flow } = stallingSession();
  const { node, cam1, judge } = nodeOf();
  node.birth(session);
  for (let seq = 1; seq <= 500; seq += 1) judge(seq);
  node.tick(true);
  assert.is(sent.length, 200);
  assert.is(cam1.waiting.length, 500 - 197, "three births, and then verdicts");
  for (let n = 0; n < 4; n += 1) {
    await flow();
    node.tick(false);
  }
  assert.is(cam1.waiting.length, 0);
  const metrics = sent.flatMap(({ payload }) => decoded(payload).metrics);
  assert.is(metrics.filter(({ isHistorical }) => isHistorical === true).length, 303 * 6);
  assert.equal(
    numbers(sent),
    sent.map((_, index) => index % 256),
  );
});

test("a broker that grants no subscription, and keeps the connection, is left: else no host would ever hear a birth", async () => {
  const lines: string[] = [];
  const say = (text: string): void => void lines.push(text);
  let ended = 0;
  const session: BrokerSession = {
    subscribe: () => new Promise(() => undefined),
    send: async () => undefined,
    end: async () => {
      ended += 1;
    },
  };
  const sparkplug = openSparkplug(configOf([], { sparkplug: sparkplugConfig() }), {
    keepSession: ({ onUp }) => {
      onUp(session);
      return { close: async () => undefined };
    },
    judged$: EMPTY,
    alerts$: EMPTY,
    clock: realClock,
    log: { info: say, warn: say, error: say },
    grantedWithinMs: 20,
  });
  sparkplug.watch({ cameras: [], models: new Map(), outbox: emptyOutbox, perform: () => undefined });
  await until(() => ended === 1, "the session's end");
  assert.match(lines.join(), "MQTT_NO_ACK");
  await sparkplug.close();
});

test("rebirths that are asked for meanwhile are one rebirth, before all else that is said", async () => {
  const { sent, session, flow } = stallingSession();
  let passedMs = 0;
  const { node, judge } = nodeOf(undefined, () => passedMs);
  node.birth(session);
  passedMs = 1_000;
  for (let seq = 1; seq <= 300; seq += 1) judge(seq);
  for (let n = 0; n < 1_000; n += 1) node.rebirth();
  assert.is(sent.length, 200);
  await flow();
  judge(301);
  assert.is(sent.length, 200, "no data before the birth");
  node.tick(false);
  assert.equal(
    sent.slice(200, 203).map(({ topic, payload }) => [topic.split("/")[2], decoded(payload).seq]),
    [
      ["NBIRTH", 0],
      ["DBIRTH", 1],
      ["DBIRTH", 2],
    ],
  );
  assert.is(sent.filter(({ topic }) => topic.includes("NBIRTH")).length, 2);
});

test("a host that asks for rebirths in a storm gets one a second, and no data before it; what is found meanwhile waits", () => {
  const { sent, session } = stallingSession();
  let passedMs = 0;
  const { node, cam1, judge } = nodeOf(undefined, () => passedMs);
  const births = () => sent.filter(({ topic }) => topic.includes("NBIRTH")).length;
  node.birth(session);
  for (; passedMs < 10_000; passedMs += 10) {
    node.rebirth();
    node.tick(false);
    if (passedMs === 500) judge(1);
    if (passedMs < 1_000) assert.is(sent.length, 3, "the births of the session");
  }
  assert.is(births(), 10);
  passedMs = 12_000;
  node.tick(false);
  judge(2);
  assert.is(cam1.waiting.length, 0);
  const said = sent.flatMap(({ payload }) => decoded(payload).metrics);
  assert.is(said.filter(({ isHistorical }) => isHistorical === true).length, 6, "one verdict, by its six metrics");
});

test("a birth that is too large for the broker is told", async () => {
  const codes: string[] = [];
  const { node } = nodeOf(({ code }) => codes.push(code));
  const { session } = stallingSession();
  node.birth({
    ...session,
    send: () => Promise.reject(new CodedError("MQTT_PACKET_TOO_LARGE", "1,000 bytes, the limit is 100")),
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal([...new Set(codes)], ["MQTT_PACKET_TOO_LARGE"]);
});

test.run();
