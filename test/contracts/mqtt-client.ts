import * as assert from "uvu/assert";
import type { Client, ClientOptions, ConnectionLoss } from "../../agent/mqtt/client.js";
import type { Packet, Received } from "../../agent/mqtt/packet.js";
import { CodedError } from "../../errors.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** A broker that takes packets of at most 20,000 bytes. */
export interface BrokerUnderTest {
  open(options: Omit<ClientOptions, "url">): Promise<Client>;
  /** Cuts every connection, as a cable is pulled and the kernel notices. */
  cut(): void;
  close(): Promise<void>;
}

const packet = (topic: string, payload: string, rest: Partial<Packet> = {}): Packet => ({
  topic,
  payload,
  qos: 1,
  retain: false,
  ...rest,
});

/** What every client keeps, however it speaks to its broker. */
export function mqttClientContract(name: string, start: () => Promise<BrokerUnderTest>): void {
  const test = suite(`mqtt client: ${name}`);
  let broker: BrokerUnderTest;
  test.before(async () => {
    broker = await start();
  });
  test.after(() => broker.close());

  const connect = async (clientId: string, rest: Partial<ClientOptions> = {}) => {
    const heard: Received[] = [];
    const losses: ConnectionLoss[] = [];
    const client = await broker.open({
      version: 5,
      clientId,
      username: null,
      password: null,
      will: null,
      retain: true,
      keepaliveS: 15,
      connectTimeoutMs: 5_000,
      onReceived: (message) => heard.push(message),
      onLost: (loss) => losses.push(loss),
      ...rest,
    });
    return { client, heard, losses, texts: () => heard.map(({ payload }) => payload.toString()) };
  };
  const codeOf = async (work: Promise<void>): Promise<string> =>
    work.then(
      () => "none",
      (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
    );

  test("what is sent reaches those who subscribed, in its order, and nobody else", async () => {
    const from = await connect("order-from");
    const to = await connect("order-to");
    await to.client.subscribe("order/+/wanted");
    const payloads = Array.from({ length: 20 }, (_, n) => String(n));
    await Promise.all(payloads.map((payload) => from.client.send(packet("order/a/wanted", payload))));
    await from.client.send(packet("order/a/other", "x"));
    await from.client.send(packet("order/b/wanted", "end", { qos: 0 }));
    await until(() => to.texts().includes("end"), "the last");
    assert.equal(to.texts(), [...payloads, "end"]);
    assert.ok(to.heard.every(({ retained }) => !retained));
    await from.client.close();
    await to.client.close();
  });

  test("a retained message is kept for who comes later; where retain is not wanted, none is", async () => {
    const from = await connect("retain-from");
    await from.client.send(packet("retain/yes", "kept", { retain: true }));
    const without = await connect("retain-without", { retain: false });
    await without.client.send(packet("retain/no", "gone", { retain: true }));
    const late = await connect("retain-late");
    await late.client.subscribe("retain/#");
    await from.client.send(packet("retain/end", "end"));
    await until(() => late.texts().includes("end"), "all that is kept");
    assert.equal(
      late.heard.map(({ topic, retained }) => [topic, retained]),
      [
        ["retain/yes", true],
        ["retain/end", false],
      ],
    );
    for (const { client } of [from, without, late]) await client.close();
  });

  test("a packet beyond the broker's limit is refused here, and the connection stays", async () => {
    const { client, losses } = await connect("large");
    assert.is(client.limits.maximumPacketBytes, 20_000);
    assert.is(await codeOf(client.send(packet("large", "x".repeat(20_000)))), "MQTT_PACKET_TOO_LARGE");
    assert.is(await codeOf(client.send(packet("large", "x".repeat(20_000), { qos: 0 }))), "MQTT_PACKET_TOO_LARGE");
    assert.is(await codeOf(client.send(packet("large", "x".repeat(19_000)))), "none");
    assert.equal(losses, []);
    await client.close();
  });

  test("correlation data arrives as it was sent", async () => {
    const { client, heard } = await connect("correlation");
    await client.subscribe("correlation");
    await client.send(packet("correlation", "x", { correlationData: Buffer.from("asked") }));
    await until(() => heard.length === 1, "the message");
    assert.is(heard[0]!.correlationData?.toString(), "asked");
    await client.close();
  });

  test("the will is published when a connection is destroyed or cut, not when it is closed", async () => {
    const heir = await connect("heir");
    await heir.client.subscribe("will/+");
    const will = (name: string) => packet(`will/${name}`, name);
    const closed = await connect("will-closed", { will: will("closed") });
    const destroyed = await connect("will-destroyed", { will: will("destroyed") });
    await closed.client.close();
    destroyed.client.destroy();
    await until(() => heir.heard.length > 0, "the will");
    assert.equal(heir.texts(), ["destroyed"]);
    assert.equal([closed.losses, destroyed.losses], [[], []], "neither was lost");
    await heir.client.close();
  });

  test("a cut is reported once, and what is sent after it is rejected", async () => {
    const { client, losses } = await connect("cut");
    broker.cut();
    await until(() => losses.length > 0, "the loss");
    assert.is(await codeOf(client.send(packet("cut", "x"))), "MQTT_PUBLISH_FAILED");
    assert.is(await codeOf(client.send(packet("cut", "x", { qos: 0 }))), "MQTT_PUBLISH_FAILED");
    assert.is(await codeOf(client.subscribe("cut")), "MQTT_PUBLISH_FAILED");
    client.destroy();
    assert.is(losses.length, 1);
  });

  test("what is sent after close is rejected, and nothing is lost", async () => {
    const { client, losses } = await connect("closed");
    await client.close();
    assert.is(await codeOf(client.send(packet("closed", "x"))), "MQTT_PUBLISH_FAILED");
    assert.equal(losses, []);
  });

  test("of two clients with one id the first is lost", async () => {
    const first = await connect("same");
    const second = await connect("same");
    await until(() => first.losses.length === 1, "the loss");
    assert.is(await codeOf(second.client.send(packet("same", "x"))), "none");
    await second.client.close();
  });

  test.run();
}
