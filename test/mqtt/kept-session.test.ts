import * as assert from "uvu/assert";
import type { BrokerSession, KeptSession, SessionPacket } from "../../agent/contract/broker-session.js";
import { keepSession } from "../../agent/mqtt/kept-session.js";
import { openClient } from "../../agent/mqtt/mqtt-client.js";
import { startMosquitto, subscribe } from "../support/mosquitto.js";
import { connack, type Script, type ScriptedBroker, startScriptedBroker } from "../support/scripted-broker.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** Sessions beside the agent's own connection, each with a will of its own. */
const test = suite("a kept session");
let kept: KeptSession;
let broker: ScriptedBroker | undefined;
let told: string[] = [];
let wills = 0;
test.after.each(async () => {
  await kept.close();
  await broker?.close();
});

const packet = (text: string, qos: 0 | 1 = 1): SessionPacket => ({
  topic: "beside",
  payload: Buffer.from(text),
  contentType: "text/plain",
  qos,
});

function keep(url: string, rest: Partial<Parameters<typeof keepSession>[0]> = {}): void {
  told = [];
  wills = 0;
  kept = keepSession({
    ...{ name: "beside", url, clientId: "retort-line-7-beside", openClient, random: () => 0 },
    will: async () => {
      wills += 1;
      return packet(`will ${wills}`);
    },
    onUp: () => told.push("up"),
    onMessage: () => undefined,
    onDown: () => told.push("down"),
    onTrouble: ({ code }) => told.push(code),
    ...rest,
  });
}

async function script(answers: Script): Promise<string> {
  broker = await startScriptedBroker(answers);
  return broker.url;
}

test("what it sends before its end arrives, then its will does; the next session has the next will", async () => {
  const mosquitto = await startMosquitto();
  const heard = await subscribe(mosquitto.port, "beside");
  const sessions: BrokerSession[] = [];
  keep(mosquitto.url, { onUp: (session) => void sessions.push(session) });
  await until(() => sessions.length === 1, "a session");
  const sent = sessions[0]!.send(packet("last words"));
  await sessions[0]!.end();
  await sent;
  await until(() => sessions.length === 2, "the next one");
  await kept.close();
  await until(() => heard.heard.length === 3, "all of it");
  assert.equal(
    heard.heard.map(({ bytes }) => bytes.toString()),
    ["last words", "will 1", "will 2"],
  );
  await heard.stop();
  await mosquitto.stop();
});

test("a broker that refuses it, or speaks an older MQTT alone, is asked again, each time with a new will", async () => {
  keep(await script({ connect: ({ version }, n) => connack(version, n === 1 ? 0x84 : n === 2 ? 5 : 0) }));
  await until(() => told.includes("up"), "a session");
  assert.equal(told, ["MQTT_NOT_AUTHORIZED", "up"]);
  assert.is(wills, 3);
});

test("two clients of one id do not throw each other out for ever: one stays away, and says so", async () => {
  keep(await script({ subscribe: () => Buffer.from([0xe0, 2, 0x8e, 0]) }), {
    onUp: (session) => void session.subscribe("beside").catch((error: Error) => told.push(error.name)),
  });
  await until(() => told.includes("MQTT_ID_TAKEN"), "told");
  assert.is(broker!.connections(), 1);
});

test("closing ends it while no broker answers, too", async () => {
  keep(await script({ connect: () => "nothing" }));
  await until(() => broker!.sent.length === 1, "its CONNECT");
  await kept.close();
  assert.equal(told, []);
});

test.run();
