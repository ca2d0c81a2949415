#!/usr/bin/env node
// Prints and keeps every verdict on a part, each once: node subscriber.mjs mqtt://broker verdicts
// MQTT_USERNAME and MQTT_PASSWORD say who asks, where the broker wants to know.
import mqtt from "mqtt";
import { openStore } from "./store.mjs";

const [url = "mqtt://127.0.0.1", path = "verdicts"] = process.argv.slice(2);
const store = await openStore(path);

const client = mqtt.connect(url, {
  // A session that lasts, under a name of its own: the broker keeps what comes while this does not run.
  clientId: process.env.MQTT_CLIENT_ID ?? "verdicts-node",
  clean: false,
  username: process.env.MQTT_USERNAME,
  password: process.env.MQTT_PASSWORD,
});

client.on("connect", () => client.subscribe("retort/+/+/verdict", { qos: 1 }, subscribed));
client.on("error", (error) => console.error(`not connected: ${error.message}`));

// Called before the message is acknowledged: what is not kept yet is sent again.
client.handleMessage = ({ topic, payload }, acknowledge) => {
  const verdict = verdictIn(payload.toString());
  if (verdict === null) console.error(`${topic}: no verdict, passed over`);
  else keep(topic, verdict);
  acknowledge();
};

// Null for what others publish there: what throws here is not acknowledged, and comes again with each start.
function verdictIn(text) {
  try {
    const verdict = JSON.parse(text);
    const { seq, ts, verdict: word, score } = verdict ?? {};
    const isScore = score === null || typeof score === "number";
    return Number.isSafeInteger(seq) && typeof ts === "string" && typeof word === "string" && isScore ? verdict : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function keep(topic, verdict) {
  const [, agent, camera] = topic.split("/");
  const { seq: last, ts } = store.last(agent, camera);
  // Numbers of one camera come in their order, without gaps; what has one that was seen is a repeat.
  if (verdict.seq <= last) {
    // A repeat is not newer than what is kept: the agent's state folder was deleted.
    if (verdict.ts > ts) console.error(`${agent}/${camera} counts anew, and is passed over: give the agent a new id`);
    return;
  }
  if (last > 0 && verdict.seq > last + 1) {
    console.error(`${agent}/${camera}: ${last + 1} to ${verdict.seq - 1} are missing: see outbox.gaps in health`);
  }
  store.add({ ...verdict, agent, camera });
  console.log(`${verdict.ts} ${agent}/${camera} ${verdict.seq} ${verdict.verdict} part ${verdict.part}`);
}

function subscribed(error, granted = []) {
  if (error || granted.some(({ qos }) => qos > 1)) console.error("the broker refuses the subscription");
  else console.error("listening");
}

process.once("SIGTERM", end);
process.once("SIGINT", end);
function end() {
  client.end(false, () => store.close());
}
