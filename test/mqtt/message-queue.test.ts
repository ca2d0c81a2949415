import * as assert from "uvu/assert";
import { inboundOf, subscriptions } from "../../agent/contract/topics.js";
import { backoffMs } from "../../agent/kit/backoff.js";
import { MessageQueue, type QueuedPacket } from "../../agent/mqtt/message-queue.js";
import { RetainedMessages } from "../../agent/mqtt/retained-messages.js";
import { suite } from "../support/suite.js";

const test = suite("mqtt waiting");

function queued(payload: string, settled: string[] = [], topic = payload, retain = false): QueuedPacket {
  return { packet: { topic, payload, qos: 1, retain }, settle: () => settled.push(payload) };
}

function drain(queue: { take(): QueuedPacket | null }): string[] {
  const payloads: string[] = [];
  for (let next = queue.take(); next !== null; next = queue.take()) payloads.push(String(next.packet.payload));
  return payloads;
}

test("a full queue gives up the oldest, and says so to whoever waits", () => {
  const queue = new MessageQueue(2);
  const settled: string[] = [];
  for (const name of ["1", "2", "3"]) queue.add(queued(name, settled));
  assert.equal(settled, ["1"]);
  assert.equal(queue.lost, { overflow: 1 });
  assert.equal(drain(queue), ["2", "3"]);
});

test("what a broken connection gives back goes out first, in its order", () => {
  const queue = new MessageQueue(9);
  for (const name of ["1", "2", "3"]) queue.add(queued(name));
  const onItsWay = [queue.take()!, queue.take()!];
  queue.add(queued("4"));
  queue.putBack(onItsWay);
  assert.equal(drain(queue), ["1", "2", "3", "4"]);
});

test("of a retained topic only the newest waits", () => {
  const retained = new RetainedMessages();
  const settled: string[] = [];
  assert.is(retained.set(queued("old", settled, "state", true)), null);
  retained.set(queued("other", settled, "health", true));
  assert.is(retained.set(queued("new", settled, "state", true))?.packet.payload, "old");
  assert.equal([settled, retained.waiting], [["old"], 2]);
  assert.equal(drain(retained), ["other", "new"]);
});

test("every connection begins with all that is retained, the status first; what has arrived once is nobody's loss", () => {
  const retained = new RetainedMessages();
  const settled: string[] = [];
  for (const name of ["a", "b"]) retained.set(queued(name, settled, name, true));
  for (let next = retained.take(); next !== null; next = retained.take()) retained.settle(next);
  assert.equal([settled, retained.waiting, retained.unsent], [["a", "b"], 0, false]);
  for (const online of ["online", "online again"]) {
    retained.startOver(queued(online, [], "status", true));
    assert.equal(drain(retained), [online, "a", "b"]);
  }
  retained.startOver(queued("online", [], "status", true));
  assert.is(retained.set(queued("b2", settled, "b", true)), null, "b has arrived");
  assert.equal(drain(retained), ["online", "a", "b2"]);
});

test("a status that the next connection's replaces before it was sent is given up, and waits no longer", () => {
  const retained = new RetainedMessages();
  const settled: string[] = [];
  retained.set(queued("online, the clock is set", settled, "status", true));
  assert.is(retained.startOver(queued("online", [], "status", true))?.packet.payload, "online, the clock is set");
  assert.equal([settled, retained.waiting], [["online, the clock is set"], 0]);
  assert.equal(drain(retained), ["online"]);
});

test("the pause between tries doubles, stays at 5 s, and is spread over its upper half", () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 100].map((attempt) => backoffMs(attempt, () => 1));
  assert.equal(longest, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
  assert.is(
    backoffMs(100, () => 0),
    2_500,
  );
});

test("an incoming topic is a command, a context, one of the agent's own, or none that it subscribed to", () => {
  const base = "site/retort/line-7";
  assert.equal(subscriptions(base), [`${base}/cmd/+`, `${base}/+/context`]);
  assert.equal(inboundOf(base, `${base}/cmd/status`), { kind: "command", command: "status" });
  assert.equal(inboundOf(base, `${base}/cam1/context`), { kind: "context", camera: "cam1" });
  assert.equal(inboundOf(base, `${base}/reply/context`), { kind: "own" });
  for (const topic of [`${base}x/cmd/status`, `${base}/cam1/score`, `${base}/cmd/a/b`, base]) {
    assert.equal(inboundOf(base, topic), { kind: "foreign" }, topic);
  }
});

test.run();
