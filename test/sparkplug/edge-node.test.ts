import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { DATATYPE } from "../../agent/sparkplug/payload.js";
import { packageRoot } from "../../config/package-root.js";
import { type Mosquitto, type Subscriber, startMosquitto, subscribe } from "../support/mosquitto.js";
import { messagesIn, protocOf, publishBytes, type SparkplugMessage, valuesOf, written } from "../support/sparkplug.js";
import { type SparkplugNode, sparkplugNode } from "../support/sparkplug-node.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** What a host hears of an edge node over Mosquitto, by Eclipse Tahu's decoder. In brackets: clauses of Sparkplug 3.0. */
const test = suite("Sparkplug: births, data, deaths");
let broker: Mosquitto;
let host: Subscriber;
let node: SparkplugNode;

test.before.each(async () => {
  broker = await startMosquitto();
  host = await subscribe(broker.port, "spBv1.0/#");
  node = sparkplugNode({ url: broker.url });
});
test.after.each(async () => {
  await node.close();
  await host.stop();
  await broker.stop();
});

const all = (): readonly SparkplugMessage[] => messagesIn(host);
const of = (verb: string, device: string | null = null) => all().filter((m) => m.verb === verb && m.device === device);
const born = () => until(() => of("DBIRTH", "web").length > 0, "everything is born");
const bdSeqOf = ({ metrics }: SparkplugMessage) => metrics.find(({ name }) => name === "bdSeq")?.value;

test("births come before all data, the node's first, and hold every metric with name, alias, datatype and time [topics-nbirth-metrics, topics-dbirth-metrics, payloads-alias-birth-requirement]", async () => {
  await born();
  node.judge("cam1", 1);
  await until(() => of("DDATA", "cam1").length > 0, "a verdict");
  assert.equal(
    all()
      .slice(0, 3)
      .map(({ topic }) => topic),
    ["spBv1.0/retort/NBIRTH/line-7", "spBv1.0/retort/DBIRTH/line-7/cam1", "spBv1.0/retort/DBIRTH/line-7/web"],
  );
  const aliases: number[] = [];
  for (const { metrics, timestamp, verb } of all().slice(0, 3)) {
    assert.ok(timestamp! > Date.now() - 10_000, verb);
    for (const { name, alias, datatype, timestamp: at, value, isNull } of metrics) {
      assert.ok(name !== undefined && datatype !== undefined && at! > 1e12, name);
      assert.ok(isNull === true || value !== null, `${name}: a value, or null`);
      if (alias !== undefined) aliases.push(alias);
      else assert.ok(["bdSeq", "Node Control/Rebirth"].includes(name), `${name} has an alias`);
    }
  }
  assert.is(new Set(aliases).size, aliases.length, "[payloads-alias-uniqueness]");
  const rebirth = of("NBIRTH")[0]!.metrics.find(({ name }) => name === "Node Control/Rebirth")!;
  assert.equal([rebirth.datatype, rebirth.value, rebirth.alias], [11, false, undefined], "[rebirth-name-aliases]");
  assert.is(of("NBIRTH")[0]!.metrics.find(({ name }) => name === "bdSeq")!.datatype, 4);
});

test("every message is QoS 0 and not retained; its number follows that of the one before, and wraps after 255 [payloads-sequence-num-incrementing]", async () => {
  await born();
  for (let n = 1; n <= 300; n += 1) {
    node.judge("cam1", n, { verdict: n % 2 === 0 ? "ok" : "ng" });
    if (n % 100 === 0) await until(() => of("DDATA", "cam1").length >= n, `${n} verdicts`);
  }
  const numbers = all().map(({ seq }) => seq);
  assert.equal(
    numbers,
    numbers.map((_, index) => index % 256),
  );
  assert.ok(all().every(({ qos, retained }) => qos === 0 && !retained));
});

test("data comes by alias alone, and only what has changed [payloads-alias-data-cmd-requirement, data-publish-dbirth-change]", async () => {
  await born();
  node.judge("cam1", 1, { verdict: "ok", score: 0.1 });
  node.judge("cam1", 2, { verdict: "ok", score: 0.2 });
  await until(() => of("DDATA", "cam1").length >= 2, "two verdicts");
  const [, second] = of("DDATA", "cam1");
  assert.ok(
    second!.metrics.every(({ name, datatype, alias }) => name === undefined && datatype === undefined && alias),
  );
  const names = namesOf(all(), "cam1");
  assert.equal(
    second!.metrics.map(({ alias }) => names.get(alias!)).sort(),
    ["Parts/OK", "Verdict/Number", "Verdict/Part", "Verdict/Score"],
    "the result is `ok` as before",
  );
  const values = valuesOf(all(), "cam1");
  assert.equal(
    ["Number", "Part", "Result", "Score"].map((name) => values[`Verdict/${name}`]),
    [2, "2", "ok", 0.2],
  );
});

test("within a message the oldest value comes first, in births too [data-publish-nbirth-order, data-publish-dbirth-order]", async () => {
  await born();
  node.judge("cam1", 1, { tsMs: Date.now() - 5_000 });
  node.score(0, 0.5);
  await until(() => valuesOf(all(), "cam1").Score === 0.5, "the score");
  node.cut();
  await until(() => of("DBIRTH", "cam1").length === 2, "born again");
  const times = of("DBIRTH", "cam1")[1]!.metrics.map(({ timestamp }) => timestamp);
  assert.ok(new Set(times).size > 2);
  for (const { metrics } of all()) {
    const told = metrics.filter(({ isHistorical }) => isHistorical !== true).map(({ timestamp }) => timestamp!);
    assert.equal(
      told,
      told.toSorted((a, b) => a - b),
    );
  }
});

test("state, threshold, alert, score and the node's figures reach the host when they change", async () => {
  await born();
  node.cameras[1]!.standing = { state: "anomalous", reason: "score 0.9 of 0.5", sinceMs: 0 };
  node.cameras[1]!.threshold = () => 0.75;
  node.cameras[1]!.alerts = { life: { standing: {} } };
  node.alert("web", 7, "raised");
  node.score(1, 0.875);
  const told = () => valuesOf(all(), "web");
  await until(() => told().Score === 0.875, "the score");
  const { State, Threshold, Reason } = told();
  assert.equal([State, Threshold, Reason], ["anomalous", 0.75, "score 0.9 of 0.5"]);
  assert.equal(
    ["Active", "Number", "Id", "Phase", "Peak"].map((name) => told()[`Alert/${name}`]),
    [true, 7, "alert-7", "raised", 0.9],
  );
  assert.is(valuesOf(all(), null)["Cameras/web/State"], "anomalous");
  assert.is(valuesOf(all(), null)["Models/plate/Provider"], "cpu");
  assert.is(valuesOf(all(), null)["Models/plate/Provider Fault"], null);
  assert.not(
    Object.keys(told()).some((name) => /^(Verdict|Parts)\//.test(name)),
    "it sees no parts",
  );
});

test("scores come at most so often as the configuration says", async () => {
  await born();
  await node.close();
  node = sparkplugNode({ url: broker.url, statePath: node.statePath, sparkplug: { everyS: 3_600 } });
  await until(() => of("DBIRTH", "web").length === 2, "born again");
  node.score(1, 0.25);
  node.cameras[1]!.standing = { state: "idle", reason: null, sinceMs: 0 };
  await until(() => valuesOf(all(), "web").State === "idle", "its state");
  assert.is(valuesOf(all(), "web").Score, null);
});

test("a camera that is disabled or at fault dies, the node says why, and it is born anew when it is well [operational-behavior-device-ddeath]", async () => {
  await born();
  node.cameras[0]!.standing = { state: "faulted", reason: "MODEL_BROKEN: it is", sinceMs: 0 };
  await until(() => of("DDEATH", "cam1").length === 1, "its death");
  assert.ok(of("DDEATH", "cam1")[0]!.seq! > 0 && of("DDEATH", "cam1")[0]!.timestamp! > 1e12, "[payloads-ddeath-seq]");
  await until(() => valuesOf(all(), null)["Cameras/cam1/State"] === "faulted", "why");
  node.judge("cam1", 5, { verdict: "unknown", score: null });
  node.cameras[0]!.standing = { state: "ok", reason: null, sinceMs: 0 };
  await until(() => historical("cam1").length > 0, "what was found meanwhile");
  assert.is(of("DBIRTH", "cam1").length, 2);
  node.cameras[1]!.enabled = false;
  await until(() => of("DDEATH", "web").length === 1, "the other's");
});

test("a node that is killed is declared dead by its will, with the number of its birth, QoS 1 and no number of its own [payloads-ndeath-bdseq, payloads-ndeath-seq, payloads-ndeath-will-message-qos]", async () => {
  await born();
  node.cut();
  await until(() => of("NDEATH").length === 1, "the will");
  const [death] = of("NDEATH");
  assert.equal([death!.seq, death!.qos, death!.retained, death!.metrics.length], [undefined, 1, false, 1]);
  assert.is(bdSeqOf(death!), bdSeqOf(of("NBIRTH")[0]!));
  await until(() => of("NBIRTH").length === 2, "born again");
  assert.equal(of("NBIRTH").map(bdSeqOf), [0, 1], "[topics-nbirth-bdseq-increment]");
});

test("the numbers of births go on over a restart, and wrap after 255", async () => {
  await born();
  const { statePath } = node;
  for (const births of [2, 3]) {
    await node.close();
    node = sparkplugNode({ url: broker.url, statePath });
    await until(() => of("NBIRTH").length === births, "born again");
  }
  assert.equal(of("NBIRTH").map(bdSeqOf), [0, 1, 2]);
});

test("a stop is a death that is told: over MQTT 3.1.1 by the node itself, before it disconnects [edge-node-intentional-disconnect-ndeath]", async () => {
  await node.close();
  node = sparkplugNode({ url: broker.url, version: 4 });
  await until(() => of("DBIRTH", "web").length > 0, "born");
  const before = of("NDEATH").length;
  await node.close();
  await until(() => of("NDEATH").length > before, "its death");
  assert.is(bdSeqOf(of("NDEATH").at(-1)!), bdSeqOf(of("NBIRTH").at(-1)!));
});

test("what was found while the broker was away comes as history, with its own times, and is bounded", async () => {
  await born();
  await node.close();
  node = sparkplugNode({ url: broker.url, statePath: node.statePath, sparkplug: { maxWaiting: 150 } });
  await until(() => of("DBIRTH", "web").length > 1, "born");
  const births = of("NBIRTH").length;
  node.cut();
  await until(() => node.lines.some((line) => line.startsWith("MQTT_LOST")), "the loss");
  const awayMs = Date.now();
  for (let n = 1; n <= 200; n += 1) node.judge("cam1", n, { tsMs: awayMs - 1_000 + n });
  node.alert("cam1", 9, "raised");
  await until(() => of("NBIRTH").length > births, "back");
  await until(
    () => historical("cam1", "Verdict/Number").length + historical("cam1", "Alert/Number").length === 150,
    "all",
  );
  assert.equal(
    historical("cam1", "Verdict/Number").map(({ value, timestamp }) => [value, timestamp]),
    Array.from({ length: 149 }, (_, n) => [n + 52, awayMs - 1_000 + n + 52]),
  );
  assert.equal(
    historical("cam1", "Alert/Phase").map(({ value }) => value),
    ["raised"],
  );
  await until(() => valuesOf(all(), null)["Waiting/Given Up"] === 51, "what was given up is told");
  assert.is(valuesOf(all(), "cam1")["Verdict/Number"], 200, "the birth has the newest");
});

test("a broker that is away for a while has births and history once it is back, on the same address", async () => {
  await born();
  await broker.stop("SIGKILL");
  await until(() => node.lines.some((line) => line.startsWith("MQTT_LOST")), "the loss");
  node.judge("cam1", 1);
  node.alert("web", 1, "raised");
  await host.stop();
  broker = await startMosquitto(broker.port);
  host = await subscribe(broker.port, "spBv1.0/#");
  // Births may have come before the host was there.
  const rebirth = written([{ name: "Node Control/Rebirth", booleanValue: true }]);
  await until(() => node.lines.filter((line) => line.includes("NBIRTH")).length === 2, "it is back", 10_000);
  await publishBytes(broker.port, "spBv1.0/retort/NCMD/line-7", rebirth);
  await until(() => of("DBIRTH", "web").length > 0, "born again");
  assert.is(bdSeqOf(of("NBIRTH").at(-1)!), 1, "one CONNECT more, however often it was tried meanwhile");
  assert.equal(
    ["cam1", "web"].map((id) => of("DBIRTH", id).length > 0),
    [true, true],
  );
});

test("what could not be sent any more as the connection broke comes as history", async () => {
  await born();
  node.cut();
  node.judge("cam1", 1);
  await until(() => historical("cam1", "Verdict/Number").length === 1, "it");
});

test("docs/sparkplug.md names every metric with its datatype, and no other", async () => {
  await born();
  const page = readFileSync(join(packageRoot(), "docs/sparkplug.md"), "utf8");
  const rows = [...page.matchAll(/^\| (`.*`) \| (\w+) \|/gm)];
  const written = rows.flatMap(([, names = "", datatype]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => `${name}: ${datatype}`),
  );
  const types = new Map<number, string>(Object.entries(DATATYPE).map(([name, code]) => [code, name]));
  const told = all()
    .filter(({ verb, device }) => verb === "NBIRTH" || (verb === "DBIRTH" && device === "cam1"))
    .flatMap(({ metrics }) => metrics)
    .map(({ name, datatype }) => `${named(name!)}: ${types.get(datatype!)}`);
  assert.equal([...new Set(told)].sort(), written.sort());
});

test("Google's protobuf reads the fields of a birth by their numbers", async () => {
  await born();
  const said = await protocOf(of("NBIRTH")[0]!.bytes);
  assert.match(said, /^1: 1\d{12}$/m);
  assert.match(said, /^2 \{\n {2}1: "bdSeq"\n {2}3: 1\d{12}\n {2}4: 4\n {2}11: 0\n\}$/m);
  assert.match(said, /^2 \{\n {2}1: "Node Control\/Rebirth"\n {2}3: 1\d{12}\n {2}4: 11\n {2}14: 0\n\}$/m);
  assert.match(said, /^3: 0$/m);
});

function named(name: string): string {
  return name.replace(/^Cameras\/[^/]+/, "Cameras/<camera>").replace(/^Models\/[^/]+/, "Models/<model>");
}

function namesOf(messages: readonly SparkplugMessage[], device: string | null): ReadonlyMap<number, string> {
  const metrics = messages.filter((m) => m.device === device).flatMap(({ metrics }) => metrics);
  return new Map(
    metrics.flatMap(({ name, alias }) => (name === undefined || alias === undefined ? [] : [[alias, name]])),
  );
}

function historical(device: string, name?: string) {
  const names = namesOf(all(), device);
  const metrics = of("DDATA", device).flatMap(({ metrics }) => metrics);
  return metrics.filter(
    ({ isHistorical, alias }) => isHistorical === true && (name === undefined || names.get(alias!) === name),
  );
}

test.run();
