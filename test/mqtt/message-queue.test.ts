import * as assert from "uvu/assert";
import { inboundOf, subscriptions } from "../../agent/contract/topics.js";
import { backoffMs } from "../../agent/kit/backoff.js";
import { MessageQueue, type Parcel } from "../../agent/mqtt/message-queue.js";
import { suite } from "../support/suite.js";

const test = suite("mqtt waiting");

function parcel(name: string, { retain = false, topic = name } = {}, settled: string[] = []): Parcel {
  const packet = { topic, payload: name, qos: 1, retain } as const;
  return { packet, settle: () => settled.push(name) };
}

function drain(queue: MessageQueue): string[] {
  const payloads: string[] = [];
  for (let next = queue.take(); next !== null; next = queue.take()) payloads.push(String(next.packet.payload));
  return payloads;
}

test("a full queue gives up the oldest, and tells whoever waits", () => {
  const queue = new MessageQueue(2);
  const settled: string[] = [];
  for (const name of ["1", "2", "3"]) queue.add(parcel(name, {}, settled));
  assert.equal(settled, ["1"]);
  assert.equal(queue.lost, { overflow: 1 });
  assert.equal(drain(queue), ["2", "3"]);
});

test("of a retained topic only the newest waits", () => {
  const queue = new MessageQueue(9);
  queue.add(parcel("old", { retain: true, topic: "state" }));
  queue.add(parcel("other", { retain: true }));
  queue.add(parcel("new", { retain: true, topic: "state" }));
  assert.equal(queue.lost, { superseded: 1 });
  assert.equal(drain(queue), ["other", "new"]);
});

test("what a broken link gives back goes out first, in its order", () => {
  const queue = new MessageQueue(9);
  for (const name of ["1", "2", "3"]) queue.add(parcel(name));
  const onItsWay = [queue.take()!, queue.take()!];
  queue.add(parcel("4"));
  queue.putBack(onItsWay);
  assert.equal(drain(queue), ["1", "2", "3", "4"]);
});

test("the pause between tries doubles, stays at 5 s, and is spread over its upper half", () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 100].map((attempt) => backoffMs(attempt, () => 1));
  assert.equal(longest, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  assert.is(
    backoffMs(100, () => 0),
    2_500,
  );
});

test("an incoming topic is a command, a context, or none of ours", () => {
  const base = "site/retort/line-7";
  assert.equal(subscriptions(base), [`${base}/cmd/+`, `${base}/+/context`]);
  assert.equal(inboundOf(base, `${base}/cmd/status`), { kind: "command", command: "status" });
  assert.equal(inboundOf(base, `${base}/cam1/context`), { kind: "context", camera: "cam1" });
  for (const topic of [`${base}x/cmd/status`, `${base}/cam1/score`, `${base}/reply/context`, `${base}/cmd/a/b`, base]) {
    assert.is(inboundOf(base, topic), null, topic);
  }
});

test.run();
