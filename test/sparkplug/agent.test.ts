import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import { openMqtt } from "../../agent/mqtt/open.js";
import { openSparkplug } from "../../agent/sparkplug/open.js";
import { sparkplugOpener } from "../../agent/sparkplug/opener.js";
import { fakeCamera } from "../fakes/camera.js";
import { rig } from "../support/agent-rig.js";
import { cameraConfig, configOf, mqttConfig, sparkplugConfig } from "../support/config.js";
import { freePort, type Subscriber, subscribe } from "../support/mosquitto.js";
import { startScriptedBroker } from "../support/scripted-broker.js";
import { messagesIn, publishBytes, valuesOf, written } from "../support/sparkplug.js";
import { sparkplugNode } from "../support/sparkplug-node.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** The agent as an edge node of its own embedded broker; and its session, byte by byte. */
const test = suite("Sparkplug: the agent");
let agent: RunningAgent | undefined;
let host: Subscriber | undefined;
test.after.each(async () => {
  await agent?.stop();
  await host?.stop();
});

test("over the embedded broker: verdicts and alerts of a running agent; a threshold that a host writes is in force; the stop is a death", async () => {
  const parts = { ...cameraConfig("cam1").parts, per: "frame" as const };
  const config = configOf([cameraConfig("cam1", { parts })], {
    mqtt: mqttConfig({ url: "embedded" }),
    sparkplug: sparkplugConfig({ everyS: 0.2 }),
  });
  const camera = fakeCamera("cam1", levels());
  const port = await freePort();
  const { deps } = rig([camera], ["cam1"], {
    openSparkplug,
    openPublisher: (_, log, outbox) => openMqtt(config, log, outbox, { port }),
  });
  agent = await startAgent(config, deps);
  host = await subscribe(port, "spBv1.0/#");
  const heard = host;
  const told = () => valuesOf(messagesIn(heard), "cam1");
  const send = (topic: string, ...metrics: readonly Readonly<Record<string, unknown>>[]): Promise<void> =>
    publishBytes(port, `spBv1.0/retort/${topic}`, written(metrics));
  // The host came later than the births.
  await send("NCMD/line-7", { name: "Node Control/Rebirth", booleanValue: true });
  await until(() => told()["Verdict/Result"] === "ng" && told()["Alert/Phase"] === "raised", "a bad part");
  assert.is(told()["Parts/NG"], 2);
  assert.is(told()["Alert/Active"], true);
  await send("DCMD/line-7/cam1", { name: "Threshold", doubleValue: 0.75 });
  await until(() => told().Threshold === 0.75, "the new threshold");
  assert.is(agent.cameras[0]!.threshold(), 0.75);
  await agent.stop();
  await until(() => messagesIn(heard).some(({ verb }) => verb === "NDEATH"), "its death");
  const { seq } = messagesIn(heard).at(-1)!;
  assert.is(seq, undefined, "the last message is the death");
});

test("each session is clean, and its will is not retained, QoS 1; what it hears it hears with QoS 1; on a stop the will is asked for [principles-persistence-clean-session-50, edge-node-ncmd-subscribe, device-dcmd-subscribe]", async () => {
  const broker = await startScriptedBroker();
  const node = sparkplugNode({ url: broker.url, sparkplug: { hostId: "scada" } });
  await until(() => broker.sent.filter(({ kind }) => kind === "subscribe").length === 3, "three subscriptions");
  const [connect, ...asked] = broker.sent;
  assert.equal(connect, {
    ...{ kind: "connect", version: 5, keepaliveS: 15, connection: 1, clean: true, propertyBytes: 0 },
    will: { qos: 1, retain: false },
  });
  assert.equal(
    asked.map((each) => (each.kind === "subscribe" ? each.filter : each.kind)),
    ["spBv1.0/STATE/scada", "spBv1.0/retort/NCMD/line-7", "spBv1.0/retort/DCMD/line-7/+"],
  );
  await node.close();
  assert.equal(broker.sent.at(-1), { kind: "disconnect", reason: 4, connection: 1 });
  await broker.close();
});

test("switched off, as it is by default, its code is not even loaded", async () => {
  const { sparkplug } = configOf([]);
  assert.is(sparkplug.enabled, false);
  assert.is(await sparkplugOpener(configOf([])), undefined);
});

function* levels(): Generator<number> {
  yield* [10, 10, 250, 250];
}

test.run();
