import * as assert from "uvu/assert";
import { withAckTimeout } from "../../agent/mqtt/ack-timeout.js";
import type { Client, Packet } from "../../agent/mqtt/client.js";
import { InflightWindow } from "../../agent/mqtt/inflight-window.js";
import { OutboxSender } from "../../agent/mqtt/outbox-sender.js";
import { type Ending, ReconnectPolicy } from "../../agent/mqtt/reconnect-policy.js";
import type { Outbox } from "../../agent/outbox/outbox.js";
import { CodedError, type ErrorCode } from "../../errors.js";
import { alertStep, picture, plain, testOutbox } from "../support/outbox.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** How what waits in the outbox is brought to a connection, and what is done about connections that are none. */
const test = suite("mqtt delivery");
const outboxes: Outbox[] = [];
test.after.each(async () => {
  for (const outbox of outboxes.splice(0)) await outbox.close();
});

interface Sent {
  readonly packet: Packet;
  readonly ok: () => void;
  readonly fail: (code: ErrorCode) => void;
}

/** A connection whose acknowledgements are the test's to give. */
function fakeClient(maximumPacketBytes = 1_000_000): { client: Client; sent: Sent[]; unanswered: () => number } {
  const sent: Sent[] = [];
  let unanswered = 0;
  const nothing = async () => undefined;
  const client: Client = {
    version: 5,
    receiveMaximum: 20,
    maximumPacketBytes,
    send: (packet) =>
      new Promise((resolve, reject) => {
        unanswered += 1;
        const ok = () => {
          unanswered -= 1;
          resolve();
        };
        const fail = (code: ErrorCode) => {
          unanswered -= 1;
          reject(new CodedError(code, code, { remedy: "" }));
        };
        sent.push({ packet, ok, fail });
      }),
    subscribe: nothing,
    close: nothing,
    destroy: () => undefined,
  };
  return { client, sent, unanswered: () => unanswered };
}

async function drainOf(alerts: number, evidenceBytes = 0) {
  const outbox = await testOutbox();
  outboxes.push(outbox);
  const add = (count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        outbox.add(alertStep(), evidenceBytes === 0 ? plain : { evidence: picture(evidenceBytes) }),
      ),
    );
  await add(alerts);
  const troubles: string[] = [];
  const outboxSender = new OutboxSender({
    outbox,
    base: "retort/line-7",
    onTrouble: ({ code }) => troubles.push(code),
    random: () => 0,
    pauseMs: () => 20,
  });
  const up = (client: Client, size = 20): InflightWindow => {
    const window = new InflightWindow(size);
    outboxSender.attach(client, window, () => outboxSender.pump());
    return window;
  };
  return { outbox, outboxSender, up, add, troubles };
}

const isAlert = ({ packet }: Sent): boolean => packet.topic.endsWith("/alert");
const seqOf = ({ packet }: Sent): number => (JSON.parse(String(packet.payload)) as { seq: number }).seq;
const replayed = ({ packet }: Sent): boolean => (JSON.parse(String(packet.payload)) as { replayed: boolean }).replayed;
const from1 = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

test("never more in flight than the window, in the order of seq, and what waited says so", async () => {
  const { outbox, up, add } = await drainOf(300);
  const { client, sent, unanswered } = fakeClient();
  up(client);
  let answered = 0;
  await until(() => {
    assert.ok(unanswered() <= 20);
    for (; answered < sent.length; answered += 1) sent[answered]!.ok();
    return answered === 300;
  }, "all");
  assert.equal(sent.map(seqOf), from1(300));
  assert.ok(sent.every(replayed));
  await add(1);
  await until(() => sent.length === 301, "a live one");
  assert.not(replayed(sent[300]!), "it did not wait for a connection");
  sent[300]!.ok();
  await until(() => outbox.health().depth === 0, "nothing waits");
});

test("what a lost connection did not acknowledge goes out again over the next, from the first of them", async () => {
  const { up, outboxSender, outbox } = await drainOf(8);
  const first = fakeClient();
  up(first.client);
  await until(() => first.sent.length === 8, "all sent");
  for (const n of [0, 1, 4]) first.sent[n]!.ok();
  await until(() => outbox.health().depth === 5, "three are gone");
  outboxSender.detach();
  for (const n of [2, 3, 5]) first.sent[n]!.fail("MQTT_PUBLISH_FAILED");
  first.sent[6]!.ok();
  const second = fakeClient();
  up(second.client);
  await until(() => second.sent.length === 5, "the rest");
  assert.equal(second.sent.map(seqOf), [3, 4, 6, 7, 8], "an acknowledgement of the old connection counts for nothing");
});

test("evidence: behind its alert, one at a time, without holding up alerts", async () => {
  const { up, add, outbox } = await drainOf(3, 5_000);
  const { client, sent } = fakeClient();
  up(client);
  await until(() => sent.length === 3, "the alerts");
  sent[1]!.ok();
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.is(sent.length, 3, "the first alert is not acknowledged, so no evidence goes");
  sent[0]!.ok();
  await until(() => sent.length === 4, "the first evidence");
  assert.match(sent[3]!.packet.topic, /^retort\/line-7\/cam1\/evidence\//);
  assert.is((sent[3]!.packet.payload as Uint8Array).length, 5_000);
  await add(1);
  await until(() => sent.length === 5, "a live alert passes the evidence that is on its way");
  assert.ok(isAlert(sent[4]!));
  let answered = 2;
  await until(() => {
    for (; answered < sent.length; answered += 1) sent[answered]!.ok();
    return outbox.health().evidence === 0 && outbox.health().depth === 0;
  }, "all");
  assert.is(sent.filter((each) => !isAlert(each)).length, 4);
});

test("a refusal that may pass holds everything behind it back, and is tried again; one that cannot is counted", async () => {
  const { up, outbox, troubles } = await drainOf(6);
  const { client, sent } = fakeClient();
  up(client, 7);
  await until(() => sent.length === 2, "two");
  sent[0]!.ok();
  sent[1]!.fail("MQTT_PUBLISH_REFUSED");
  await until(() => sent.length > 2 && seqOf(sent.at(-1)!) === 2, "again from 2");
  assert.equal(troubles, ["MQTT_PUBLISH_REFUSED"]);
  sent.at(-1)!.fail("MQTT_PUBLISH_INVALID");
  let answered = sent.length;
  await until(() => {
    for (; answered < sent.length; answered += 1) sent[answered]!.ok();
    return outbox.health().depth <= 1;
  }, "the others");
  assert.equal(outbox.health().lost, { "alert-refused": 1 });
  assert.equal(outbox.health().gaps, [{ from: 2, to: 2, reason: "alert-refused" }]);
});

test("a picture that the broker cannot take, or that breaks every connection, is given up; its alert is not", async () => {
  const big = await drainOf(1, 5_000);
  const small = fakeClient(4_000);
  big.up(small.client);
  await until(() => small.sent.length === 1, "the alert");
  small.sent[0]!.ok();
  await until(() => big.outbox.health().evidence === 0, "it was not even tried");
  assert.equal(big.outbox.health().lost, { "evidence-refused": 1 });

  const poison = await drainOf(1, 5_000);
  for (let life = 0; life < 5; life += 1) {
    const { client, sent } = fakeClient();
    poison.up(client);
    await until(() => sent.length > 0, "something");
    if (isAlert(sent[0]!)) sent[0]!.ok();
    await until(() => sent.some((each) => !isAlert(each)), "the evidence");
    poison.outboxSender.detach();
  }
  assert.equal(poison.outbox.health().lost, { "evidence-refused": 1 });
});

test("a broker that takes one packet at a time gets one at a time, evidence too", async () => {
  const { up, outbox } = await drainOf(4, 100);
  const { client, sent, unanswered } = fakeClient();
  up(client, 1);
  let answered = 0;
  await until(() => {
    assert.ok(unanswered() <= 1);
    for (; answered < sent.length; answered += 1) sent[answered]!.ok();
    return outbox.health().depth === 0 && outbox.health().evidence === 0;
  }, "all of it");
  assert.is(sent.length, 8);
});

test("the window keeps room for each kind of message", () => {
  const window = new InflightWindow(20);
  const taken = { alerts: 0, others: 0, evidence: 0 };
  for (const lane of ["alerts", "others", "evidence"] as const) while (window.take(lane)) taken[lane] += 1;
  assert.equal(taken, { alerts: 15, others: 4, evidence: 1 });
  window.giveBack("others");
  assert.not(window.take("alerts"));
  assert.ok(window.take("others"));
  assert.ok(new InflightWindow(65_535).take("alerts"));
});

test("a connection that leaves a packet unanswered is reported once its time is over, an answered one never", async () => {
  let silent = 0;
  const quick = fakeClient();
  const watched = withAckTimeout(quick.client, 30, () => (silent += 1));
  const packet: Packet = { topic: "t", payload: "", qos: 1, retain: false };
  const sending = [watched.send(packet), watched.send(packet)];
  assert.not(watched.acknowledged);
  for (const { ok } of quick.sent) ok();
  await Promise.all(sending);
  assert.ok(watched.acknowledged);
  void watched.send({ ...packet, qos: 0 });
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.is(silent, 0, "QoS 0 has no answer");
  const began = performance.now();
  void watched.send(packet);
  await until(() => silent === 1, "the silence");
  assert.ok(performance.now() - began >= 25);
});

const lost = (rest: Partial<Extract<Ending, { kind: "lost" }>> = {}): Ending => ({
  kind: "lost",
  upMs: 60_000,
  acknowledged: true,
  takenOver: false,
  unexplained: false,
  ...rest,
});

test("pauses grow while nothing works, also with a broker that accepts and answers nothing, and begin anew once it does", () => {
  const reconnectPolicy = new ReconnectPolicy(() => 1);
  const wait = (ending: Ending): number => reconnectPolicy.after(ending).waitMs;
  assert.equal([wait({ kind: "never-up" }), wait({ kind: "never-up" })], [250, 500]);
  assert.equal([wait(lost({ acknowledged: false })), wait(lost({ acknowledged: false }))], [1_000, 2_000]);
  assert.is(wait(lost()), 250);
});

test("an id that another client takes: minutes apart, ever longer, and spread", () => {
  const reconnectPolicy = new ReconnectPolicy(() => 0.5);
  const taken = lost({ takenOver: true });
  assert.equal(
    [1, 2, 3, 4, 5, 6].map(() => reconnectPolicy.after(taken)),
    [60_000, 120_000, 240_000, 480_000, 900_000, 900_000].map((waitMs) => ({ waitMs, idTaken: true })),
  );
  reconnectPolicy.after(lost({ upMs: 1_300_000 }));
  assert.equal(reconnectPolicy.after(taken), { waitMs: 60_000, idTaken: true });
  assert.is(new ReconnectPolicy(() => 0).after(taken).waitMs, 30_000);
  assert.is(new ReconnectPolicy(() => 1).after(taken).waitMs, 90_000);
});

test("where the broker does not say it: four short lives in a row that ended without a word, none refused between", () => {
  const short = lost({ upMs: 300, unexplained: true });
  const taken = (endings: readonly Ending[]): boolean => {
    const reconnectPolicy = new ReconnectPolicy(() => 0);
    return endings.map((ending) => reconnectPolicy.after(ending).idTaken).includes(true);
  };
  assert.ok(taken([short, short, short, short]));
  assert.not(taken([short, short, { kind: "never-up" }, short, short]), "a broker that restarts");
  assert.not(taken([short, short, lost({ unexplained: true }), short, short]), "a long life between");
  assert.not(taken([1, 2, 3, 4].map(() => lost({ upMs: 300 }))), "a broken network, a broker that shuts down");
  const unheard = lost({ upMs: 300, unexplained: true, acknowledged: false });
  assert.not(taken([unheard, unheard, unheard, unheard]), "a proxy without its broker");
});

test.run();
