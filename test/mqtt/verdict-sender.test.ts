import * as assert from "uvu/assert";
import { HangUps } from "../../agent/mqtt/hang-ups.js";
import { InflightWindow } from "../../agent/mqtt/inflight-window.js";
import { OutboxSender } from "../../agent/mqtt/outbox-sender.js";
import type { Outbox } from "../../agent/outbox/outbox.js";
import { fakeClient, type SentPacket } from "../fakes/mqtt-client.js";
import { alertStep, partVerdict, picture, plain, testOutbox } from "../support/outbox.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** How verdicts are brought to a connection, beside alerts. */
const test = suite("mqtt outbox sender, verdicts");
const outboxes: Outbox[] = [];
test.after.each(async () => {
  for (const outbox of outboxes.splice(0)) await outbox.close();
});

async function senderOf(verdicts: number) {
  const outbox = await testOutbox();
  outboxes.push(outbox);
  const judge = (count: number, deadlineMs: number | null = 200) =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        outbox.addVerdict(partVerdict({ camera: n % 2 === 0 ? "cam1" : "cam2", deadlineMs })),
      ),
    );
  await judge(verdicts);
  const troubles: string[] = [];
  const sender = new OutboxSender({
    outbox,
    base: "retort/line-7",
    onTrouble: ({ code }) => troubles.push(code),
    random: () => 0,
    // Longer than the outbox takes to forget what was delivered.
    pauseMs: () => 100,
  });
  const { client, sent } = fakeClient();
  const up = (size: number, to = client): void => {
    const window = new InflightWindow(size, () => sender.pump());
    sender.attach({ client: to, window, hangUps: new HangUps(() => 0) });
  };
  return { outbox, sender, sent, up, judge, troubles };
}

interface Sent {
  readonly seq: number;
  readonly camera: string;
  readonly replayed: boolean;
  readonly late: boolean;
}
const payloadOf = ({ packet }: SentPacket): Sent => JSON.parse(String(packet.payload)) as Sent;
const nameOf = (sent: SentPacket): string => `${payloadOf(sent).camera} ${payloadOf(sent).seq}`;

test("each camera's verdicts go to its topic in the order of seq; what waited is replayed, and late for its gate", async () => {
  const { outbox, sent, up, judge } = await senderOf(100);
  up(20);
  let answered = 0;
  const answer = (): number => {
    for (; answered < sent.length; answered += 1) sent[answered]!.ok();
    return answered;
  };
  await until(() => answer() === 100, "all");
  assert.equal(
    sent.map(nameOf),
    Array.from({ length: 100 }, (_, n) => `cam${1 + (n % 2)} ${1 + Math.floor(n / 2)}`),
  );
  assert.ok(sent.every(({ packet }) => packet.topic.endsWith("/verdict") && packet.qos === 1 && !packet.retain));
  assert.ok(sent.map(payloadOf).every(({ replayed, late }) => replayed && late));
  await judge(1);
  await judge(1, null);
  await until(() => answer() === 102, "live ones");
  assert.ok(
    sent
      .slice(100)
      .map(payloadOf)
      .every(({ replayed, late }) => !replayed && !late),
  );
  await until(() => outbox.health().verdicts === 0, "nothing waits");
});

test("a verdict that is made while others that waited are still to be sent has waited, too; the one after them has not", async () => {
  const { sent, up, judge } = await senderOf(100);
  up(20);
  await until(() => sent.length > 0, "the first of those that waited");
  await judge(2);
  let answered = 0;
  const answer = (): number => {
    for (; answered < sent.length; answered += 1) sent[answered]!.ok();
    return answered;
  };
  await until(() => answer() === 102, "all");
  await judge(1);
  await until(() => answer() === 103, "a live one");
  assert.equal(
    sent.slice(99).map((each) => [payloadOf(each).replayed, payloadOf(each).late]),
    [
      [true, true],
      [true, true],
      [true, true],
      [false, false],
    ],
  );
});

test("a verdict that is made right after the connection came up has not waited, where none had", async () => {
  const { sent, up, judge } = await senderOf(0);
  up(20);
  await judge(1);
  await until(() => sent.length === 1, "it");
  assert.equal([payloadOf(sent[0]!).replayed, payloadOf(sent[0]!).late], [false, false]);
});

test("a part's picture goes behind its verdict, at once where that is there, and one that was drawn later too", async () => {
  const { outbox, sent, up } = await senderOf(0);
  const bad = partVerdict({ verdict: "ng" });
  const [first, second] = await Promise.all([outbox.addVerdict(bad, true), outbox.addVerdict(bad, true)]);
  await outbox.addPicture(second!, picture(50));
  up(20);
  await until(() => sent.length === 2, "both verdicts");
  sent[0]!.ok();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.is(sent.length, 2, "the second verdict is not there yet");
  sent[1]!.ok();
  const topics = () => sent.map(({ packet }) => packet.topic.replace("retort/line-7/", ""));
  await until(() => sent.length === 3, "its picture");
  sent[2]!.ok();
  await outbox.addPicture(first!, picture(50));
  await until(() => sent.length === 4, "the other, which took longer");
  sent[3]!.ok();
  assert.equal(topics().slice(2), ["cam1/evidence/part-2", "cam1/evidence/part-1"]);
  await until(() => outbox.health().evidence === 0, "nothing waits");
  assert.is(sent.length, 4);
});

test("a verdict that waited and has no deadline is not late", async () => {
  const { sent, up, judge } = await senderOf(0);
  await judge(1, null);
  up(20);
  await until(() => sent.length === 1, "it");
  assert.equal([payloadOf(sent[0]!).replayed, payloadOf(sent[0]!).late], [true, false]);
});

test("an alert does not wait behind verdicts that nobody has acknowledged", async () => {
  const { outbox, sent, up } = await senderOf(200);
  up(20);
  await until(() => sent.length > 5, "as many verdicts as may be in flight");
  const before = sent.length;
  assert.ok(before < 15);
  await outbox.add(alertStep(), plain);
  await until(() => sent.length === before + 1, "the alert");
  assert.ok(sent[before]!.packet.topic.endsWith("/alert"));
});

test("where the broker takes one message at a time, alerts go first, and verdicts go", async () => {
  const { outbox, sent, up } = await senderOf(5);
  await Promise.all([1, 2].map(() => outbox.add(alertStep(), plain)));
  up(1);
  for (let n = 0; n < 7; n += 1) {
    await until(() => sent.length === n + 1, "the next");
    sent[n]!.ok();
  }
  const kinds = sent.map(({ packet }) => packet.topic.split("/").at(-1));
  assert.equal(kinds.filter((kind) => kind === "verdict").length, 5);
  assert.ok(kinds.lastIndexOf("alert") <= 2, "an alert waits for one verdict at most, which was on its way");
});

test("a verdict that the broker refuses for now holds back those behind it, and comes before them", async () => {
  const { sent, up, troubles } = await senderOf(3);
  up(20);
  await until(() => sent.length === 3, "all sent");
  sent[0]!.ok();
  sent[1]!.fail("MQTT_PUBLISH_REFUSED");
  sent[2]!.ok();
  await until(() => sent.length === 4, "again");
  assert.is(nameOf(sent[3]!), nameOf(sent[1]!));
  sent[3]!.ok();
  assert.equal(troubles, ["MQTT_PUBLISH_REFUSED"]);
});

test.run();
