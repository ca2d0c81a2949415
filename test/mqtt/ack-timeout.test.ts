import * as assert from "uvu/assert";
import { withAckTimeout } from "../../agent/mqtt/ack-timeout.js";
import { InflightWindow } from "../../agent/mqtt/inflight-window.js";
import { type Packet, packetBytes } from "../../agent/mqtt/packet.js";
import { fakeClient } from "../fakes/mqtt-client.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("mqtt acknowledgements");
const packet = (topic: string, rest: Partial<Packet> = {}): Packet => ({
  topic,
  payload: "",
  qos: 1,
  retain: false,
  ...rest,
});

function watched(limitMs = 30) {
  const { client, sent } = fakeClient();
  const silences: boolean[] = [];
  const answered: string[] = [];
  const watching = withAckTimeout(client, {
    limitMs,
    onSilent: (passedOver) => silences.push(passedOver),
    onAnswered: ({ topic }) => answered.push(topic),
  });
  const topics = () => watching.unanswered().map(({ topic }) => topic);
  return { watching, sent, silences, answered, topics };
}

test("a broker that leaves a packet unanswered is reported once its time is over, one that answers never", async () => {
  const { watching, sent, silences } = watched();
  const sending = [watching.send(packet("a")), watching.send(packet("b"))];
  assert.not(watching.answered);
  for (const { ok } of sent) ok();
  await Promise.all(sending);
  assert.ok(watching.answered);
  void watching.send(packet("c", { qos: 0 }));
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(silences, [], "QoS 0 has no answer");
  const began = performance.now();
  void watching.send(packet("d"));
  await until(() => silences.length === 1, "the silence");
  assert.equal(silences, [false]);
  assert.ok(performance.now() - began >= 25);
});

test("a packet that is passed over is told from a broker that is dead", async () => {
  const { watching, sent, silences, topics } = watched();
  void watching.send(packet("a"));
  const behind = watching.send(packet("b"));
  sent[1]!.ok();
  await behind;
  await until(() => silences.length === 1, "the silence");
  assert.equal([silences, topics()], [[true], ["a"]]);
});

test("unanswered is what was sent and neither it nor anything behind it answered; a refusal is an answer", async () => {
  const { watching, sent, answered, topics } = watched(60_000);
  void watching.send(packet("before", { qos: 0 }));
  const first = watching.send(packet("first"));
  void watching.send(packet("behind", { qos: 0 }));
  void watching.send(packet("behind", { qos: 0 }));
  const last = watching.send(packet("last"));
  assert.equal(topics(), ["first", "last", "before", "behind"]);
  sent[1]!.fail("MQTT_PUBLISH_REFUSED");
  await first.catch(() => undefined);
  assert.equal(topics(), ["last", "behind"]);
  sent[4]!.fail("MQTT_PUBLISH_FAILED");
  await last.catch(() => undefined);
  assert.equal([topics(), answered], [["behind"], ["first"]], "a connection that ends answers nothing");
});

test("the window keeps room for each kind of message, and says when there is some", () => {
  const freed: string[] = [];
  const window = new InflightWindow(20, (lane) => freed.push(lane));
  const taken = { alerts: 0, others: 0, evidence: 0 };
  for (const lane of ["alerts", "others", "evidence"] as const) while (window.take(lane)) taken[lane] += 1;
  assert.equal(taken, { alerts: 15, others: 4, evidence: 1 });
  window.giveBack("others");
  assert.equal(freed, ["others"]);
  assert.not(window.take("alerts"));
  assert.ok(window.take("others"));
  assert.ok(new InflightWindow(65_535, () => undefined).take("alerts"));
});

test("a narrow window lets one packet pass, of whatever kind", () => {
  const window = new InflightWindow(20, () => undefined);
  window.narrow = true;
  assert.equal([window.take("alerts"), window.take("others"), window.take("evidence")], [true, false, false]);
  window.giveBack("alerts");
  assert.ok(window.take("evidence"));
  window.narrow = false;
  assert.ok(window.take("alerts"));
});

/** MQTT 5, 3.3: each by hand. */
for (const [what, bytes, version, of] of [
  ["topic and payload, QoS 0, 3.1.1", 2 + 2 + 1 + 5, 4, packet("t", { payload: "hello", qos: 0 })],
  ["a packet identifier", 2 + 2 + 1 + 2 + 5, 4, packet("t", { payload: "hello" })],
  ["content type and format", 2 + 2 + 1 + 2 + 1 + (3 + 16) + 2 + 5, 5, packet("t", { payload: "hello" })],
  ["a picture", 2 + 2 + 1 + 2 + 1 + (3 + 10) + 5, 5, packet("t", { payload: new Uint8Array(5) })],
  [
    "expiry and correlation data",
    2 + 2 + 1 + 1 + (3 + 16) + 2 + 5 + (3 + 4),
    5,
    packet("t", { qos: 0, expirySeconds: 60, correlationData: Buffer.alloc(4) }),
  ],
  ["a length of two bytes", 3 + 2 + 1 + 2 + 200, 4, packet("t", { payload: "x".repeat(200) })],
  ["letters of two bytes", 2 + 2 + 2 + 2 + 4, 4, packet("ä", { payload: "öü" })],
] as const) {
  test(`a packet is as large as it is on the wire: ${what}`, () => assert.is(packetBytes(of, version), bytes));
}

test.run();
