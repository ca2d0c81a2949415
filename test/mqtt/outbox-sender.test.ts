import * as assert from "uvu/assert";
import type { AlertQueue } from "../../agent/contract/alert-queue.js";
import type { Client } from "../../agent/mqtt/client.js";
import type { Connection } from "../../agent/mqtt/connection.js";
import { HangUps } from "../../agent/mqtt/hang-ups.js";
import { InflightWindow } from "../../agent/mqtt/inflight-window.js";
import { OutboxSender } from "../../agent/mqtt/outbox-sender.js";
import type { Outbox } from "../../agent/outbox/outbox.js";
import { fakeClient, type SentPacket } from "../fakes/mqtt-client.js";
import { alertStep, picture, plain, testOutbox } from "../support/outbox.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** How what waits in the outbox is brought to a connection. */
const test = suite("mqtt outbox sender");
const outboxes: Outbox[] = [];
test.after.each(async () => {
  for (const outbox of outboxes.splice(0)) await outbox.close();
});

/** @param through what the sender sees of the outbox */
async function senderOf(alerts: number, evidenceBytes = 0, through = (outbox: AlertQueue): AlertQueue => outbox) {
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
  const sender = new OutboxSender({
    outbox: through(outbox),
    base: "retort/line-7",
    onTrouble: ({ code }) => troubles.push(code),
    random: () => 0,
    // Longer than the outbox takes to forget what was delivered.
    pauseMs: () => 100,
  });
  const up = (client: Client, size = 20): Connection => {
    const window = new InflightWindow(size, () => sender.pump());
    const connection = { client, window, hangUps: new HangUps(() => 0) };
    sender.attach(connection);
    return connection;
  };
  return { outbox, sender, up, add, troubles };
}

const isAlert = ({ packet }: SentPacket): boolean => packet.topic.endsWith("/alert");
const seqOf = ({ packet }: SentPacket): number => (JSON.parse(String(packet.payload)) as { seq: number }).seq;
const replayed = ({ packet }: SentPacket): boolean =>
  (JSON.parse(String(packet.payload)) as { replayed: boolean }).replayed;
const from1 = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

test("never more in flight than the window, in the order of seq, and what waited says so", async () => {
  const { outbox, up, add } = await senderOf(300);
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
  const { up, sender, outbox } = await senderOf(8);
  const first = fakeClient();
  up(first.client);
  await until(() => first.sent.length === 8, "all sent");
  for (const n of [0, 1, 4]) first.sent[n]!.ok();
  await until(() => outbox.health().depth === 5, "three are gone");
  sender.detach(null);
  for (const n of [2, 3, 5]) first.sent[n]!.fail("MQTT_PUBLISH_FAILED");
  first.sent[6]!.ok();
  const second = fakeClient();
  up(second.client);
  await until(() => second.sent.length === 5, "the rest");
  assert.equal(second.sent.map(seqOf), [3, 4, 6, 7, 8], "an acknowledgement of the old connection counts for nothing");
});

test("evidence: behind its alert, one at a time, without holding up alerts", async () => {
  const { up, add, outbox } = await senderOf(3, 5_000);
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
  const { up, outbox, troubles } = await senderOf(6);
  const { client, sent } = fakeClient();
  up(client, 7);
  await until(() => sent.length === 2, "two");
  sent[0]!.ok();
  sent[1]!.fail("MQTT_PUBLISH_REFUSED");
  await until(() => sent.length === 3, "the third, sent before the answer");
  sent[2]!.fail("MQTT_PUBLISH_REFUSED");
  await until(() => sent.length === 4, "again");
  assert.is(seqOf(sent[3]!), 2);
  assert.equal(troubles, ["MQTT_PUBLISH_REFUSED", "MQTT_PUBLISH_REFUSED"]);
  sent[3]!.fail("MQTT_PUBLISH_INVALID");
  let answered = 4;
  await until(() => {
    for (; answered < sent.length; answered += 1) sent[answered]!.ok();
    return outbox.health().depth <= 1;
  }, "the others");
  assert.equal(outbox.health().lost, { "alert-refused": 1 });
  assert.equal(outbox.health().gaps, [{ from: 2, to: 2, reason: "alert-refused" }]);
});

test("no picture goes before its alert, whatever is refused meanwhile", async () => {
  const { up, outbox } = await senderOf(3, 5_000);
  const { client, sent } = fakeClient();
  up(client);
  await until(() => sent.length === 3, "the alerts");
  sent[0]!.fail("MQTT_PUBLISH_REFUSED");
  sent[1]!.ok();
  sent[2]!.ok();
  await until(() => sent.length > 3, "the first again");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(seqOf(sent[3]!), 1);
  assert.ok(sent.every(isAlert), "and no picture of an alert behind it");
  let answered = 3;
  await until(() => {
    for (; answered < sent.length; answered += 1) sent[answered]!.ok();
    return outbox.health().evidence === 0 && outbox.health().depth === 0;
  }, "all");
});

test("after a refusal one alert goes ahead alone, so that none overtakes it", async () => {
  const { up } = await senderOf(5);
  const { client, sent } = fakeClient();
  up(client);
  await until(() => sent.length === 5, "all five");
  for (const { fail } of sent) fail("MQTT_PUBLISH_REFUSED");
  await until(() => sent.length === 6, "one more");
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(sent.slice(5).map(seqOf), [1]);
  sent[5]!.ok();
  await until(() => sent.length === 10, "the others");
  assert.equal(sent.slice(5).map(seqOf), from1(5));
});

for (const answer of ["comes late", "fails"] as const) {
  test(`an alert that is refused while the next ones are being read goes again before them, though the reading ${answer}`, async () => {
    let end: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    let isFirst = true;
    const { up } = await senderOf(4, 0, (outbox) => ({
      ...delegating(outbox),
      alerts: async (after) => {
        const found = await outbox.alerts(after, 2);
        if (after !== 2 || !isFirst) return found;
        isFirst = false;
        await held;
        if (answer === "fails") throw new Error("the disk");
        return found;
      },
    }));
    const { client, sent } = fakeClient();
    up(client);
    await until(() => sent.length === 2 && !isFirst, "two, and the next ones sought");
    sent[0]!.fail("MQTT_PUBLISH_REFUSED");
    sent[1]!.ok();
    await new Promise((resolve) => setImmediate(resolve));
    end();
    let answered = 2;
    await until(() => {
      for (; answered < sent.length; answered += 1) sent[answered]!.ok();
      return answered === 5;
    }, "the others");
    assert.equal(sent.map(seqOf), [1, 2, 1, 3, 4]);
  });
}

test("a picture that the broker can never take is given up; its alert is not", async () => {
  const { up, outbox, troubles } = await senderOf(1, 5_000);
  const { client, sent } = fakeClient();
  up(client);
  await until(() => sent.length === 1, "the alert");
  sent[0]!.ok();
  await until(() => sent.length === 2, "the picture");
  sent[1]!.fail("MQTT_PACKET_TOO_LARGE");
  await until(() => outbox.health().evidence === 0, "it is given up");
  assert.equal(outbox.health().lost, { "evidence-refused": 1 });
  assert.equal(troubles, ["MQTT_PACKET_TOO_LARGE"]);
});

test("what is convicted of ending connections is given up; of alerts one at most until another arrives", async () => {
  const { up, sender, outbox } = await senderOf(3, 5_000);
  const next = async () => {
    const { client, sent } = fakeClient({ receiveMaximum: 1 });
    up(client, 1);
    await until(() => sent.length > 0, "something");
    return sent;
  };
  assert.is(sender.detach((await next())[0]!.packet), "given-up");
  await until(() => outbox.health().depth === 2, "it is gone");
  const second = (await next())[0]!;
  assert.is(seqOf(second), 2);
  assert.is(sender.detach(second.packet), "kept");
  const sent = await next();
  assert.is(seqOf(sent[0]!), 2);
  sent[0]!.ok();
  await until(() => sent.length === 2 && seqOf(sent[1]!) === 3, "it arrived, so the next goes");
  assert.is(sender.detach(sent[1]!.packet), "given-up");
  await until(() => outbox.health().depth === 0, "it is gone");
  const evidence = (await next())[0]!;
  assert.not(isAlert(evidence));
  assert.is(sender.detach(evidence.packet), null, "it is no alert");
  assert.equal(outbox.health().lost, { "alert-refused": 2, "evidence-refused": 1 });
});

test("a broker that takes one packet at a time gets one at a time, evidence too", async () => {
  const { up, outbox } = await senderOf(4, 100);
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

test("where one packet at a time may go, an alert leaves as soon as that is free, however long a picture is sought", async () => {
  let found: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    found = resolve;
  });
  const { up, add } = await senderOf(1, 0, (outbox) => ({
    ...delegating(outbox),
    evidence: async (after, before) => {
      await gate;
      return outbox.evidence(after, before);
    },
  }));
  const { client, sent } = fakeClient();
  up(client, 1);
  await until(() => sent.length === 1, "the first");
  sent[0]!.ok();
  for (const seq of [2, 3]) {
    await add(1);
    await until(() => sent.length === seq, "the next alert, though a picture is being sought");
    sent[seq - 1]!.ok();
  }
  found();
  await add(1);
  await until(() => sent.length === 4, "and when none was found");
});

/** A queue that hands everything on to another. */
function delegating(outbox: AlertQueue): AlertQueue {
  return {
    added$: outbox.added$,
    last: () => outbox.last(),
    alerts: (after, limit) => outbox.alerts(after, limit),
    judged$: outbox.judged$,
    lastVerdict: () => outbox.lastVerdict(),
    verdicts: (after, limit) => outbox.verdicts(after, limit),
    evidence: (after, before) => outbox.evidence(after, before),
    pictured$: outbox.pictured$,
    pictures: (after, before) => outbox.pictures(after, before),
    delivered: (what) => outbox.delivered(what),
    refused: (what) => outbox.refused(what),
    released: () => outbox.released(),
  };
}

test.run();
