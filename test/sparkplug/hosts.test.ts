import * as assert from "uvu/assert";
import { type Mosquitto, type Subscriber, startMosquitto, subscribe } from "../support/mosquitto.js";
import { messagesIn, publishBytes, type SparkplugMessage, valuesOf, written } from "../support/sparkplug.js";
import { type SparkplugNode, type SparkplugNodeOptions, sparkplugNode } from "../support/sparkplug-node.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** What hosts do with an edge node, over Mosquitto. In brackets: clauses of Sparkplug 3.0. */
const test = suite("Sparkplug: hosts");
let broker: Mosquitto;
let host: Subscriber;
let node: SparkplugNode;

test.before.each(async () => {
  broker = await startMosquitto();
  host = await subscribe(broker.port, "spBv1.0/#");
});
test.after.each(async () => {
  await node.close();
  await host.stop();
  await broker.stop();
});

const all = (): readonly SparkplugMessage[] => messagesIn(host);
const of = (verb: string, device: string | null = null) => all().filter((m) => m.verb === verb && m.device === device);

async function open(rest: Partial<SparkplugNodeOptions> = {}): Promise<void> {
  node = sparkplugNode({ url: broker.url, ...rest });
  await until(() => of("DBIRTH", "web").length > 0, "everything is born");
}

const publish = (topic: string, bytes: Uint8Array | string, ...flags: readonly string[]): Promise<void> =>
  publishBytes(broker.port, topic, bytes, ...flags);
const command = (topic: string, ...metrics: readonly Readonly<Record<string, unknown>>[]): Promise<void> =>
  publish(`spBv1.0/retort/${topic}`, written(metrics));
const state = (online: boolean, timestamp: number): Promise<void> =>
  publish("spBv1.0/STATE/scada", JSON.stringify({ online, timestamp }), "-r", "-q", "1");
const bdSeqOf = ({ metrics }: SparkplugMessage) => metrics.find(({ name }) => name === "bdSeq")?.value;
const aliasOf = (name: string, device: string | null) =>
  of(device === null ? "NBIRTH" : "DBIRTH", device)[0]!.metrics.find((metric) => metric.name === name)!.alias;

test("a rebirth that a host asks for says everything again, from number 0, with the number of the same birth [rebirth-action-2, rebirth-action-3]", async () => {
  await open();
  node.judge("cam1", 1);
  const before = all().length;
  await command("NCMD/line-7", { name: "Node Control/Rebirth", datatype: 11, booleanValue: true });
  await until(() => of("DBIRTH", "web").length === 2, "reborn");
  const again = all()
    .slice(before)
    .filter(({ verb }) => verb.endsWith("BIRTH"));
  assert.equal(
    again.map(({ verb, device, seq }) => [verb, device, seq]),
    [
      ["NBIRTH", null, 0],
      ["DBIRTH", "cam1", 1],
      ["DBIRTH", "web", 2],
    ],
  );
  assert.equal(of("NBIRTH").map(bdSeqOf), [0, 0]);
  assert.is(of("NDEATH").length, 0);
});

test("a threshold that a host writes is the agent's command, and the answer is the new value", async () => {
  await open({
    perform: ({ args, reply }, [, web]) => {
      web!.threshold = () => Number(args.threshold);
      reply({ ok: true });
    },
  });
  await command("DCMD/line-7/web", { alias: aliasOf("Threshold", "web"), doubleValue: 0.625 });
  await until(() => valuesOf(all(), "web").Threshold === 0.625, "the new value");
  const [{ command: name, args, by, via }] = node.commands as [(typeof node.commands)[0]];
  assert.equal([name, args.camera, args.threshold, by, via], ["threshold", "web", 0.625, "Sparkplug", "mqtt"]);
});

test("a camera can be disabled at its device, and enabled at the node while the device is dead", async () => {
  await open({
    perform: ({ command: name, reply }, [, web]) => {
      web!.enabled = name === "enable";
      reply({ ok: true });
    },
  });
  await command("DCMD/line-7/web", { name: "Enabled", booleanValue: false });
  await until(() => of("DDEATH", "web").length === 1, "its death");
  assert.is(valuesOf(all(), null)["Cameras/web/Enabled"], false);
  await command("NCMD/line-7", { alias: aliasOf("Cameras/web/Enabled", null), booleanValue: true });
  await until(() => of("DBIRTH", "web").length === 2, "born again");
  assert.equal(
    node.commands.map(({ command: name, args }) => [name, args.camera]),
    [
      ["disable", "web"],
      ["enable", "web"],
    ],
  );
});

test("what a host cannot write is refused, told, and counted; nothing that it sends ends the node", async () => {
  await open({ perform: ({ reply }) => reply({ ok: false, code: "COMMAND_INVALID", message: "no" }) });
  const refused = () => valuesOf(all(), null)["Commands/Refused"];
  const cases: readonly [string, Uint8Array | string, RegExp][] = [
    ["NCMD/line-7", Uint8Array.of(0xff, 0xff, 0xff, 0xff), /cannot be read/],
    ["NCMD/line-7", new Uint8Array(70_000), /65536/],
    ["NCMD/line-7", new Uint8Array(60_000).fill(0x0b), /cannot be read/],
    ["NCMD/line-7", written([{ alias: 99_999, intValue: 1 }]), /no metric alias 99999/],
    ["NCMD/line-7", written([{ name: "Properties/Product", stringValue: "x" }]), /only read/],
    ["DCMD/line-7/web", written([{ name: "Threshold", stringValue: "0.5" }]), /datatype/],
    ["DCMD/line-7/web", written([{ name: "Enabled", isNull: true }]), /datatype/],
    ["DCMD/line-7/web", written([{ name: "Threshold", doubleValue: -1 }]), /COMMAND_INVALID: no/],
  ];
  for (const [index, [topic, bytes, expected]] of cases.entries()) {
    await publish(`spBv1.0/retort/${topic}`, bytes);
    await until(() => refused() === index + 1, `refusal ${index + 1}`);
    assert.match(String(valuesOf(all(), null)["Commands/Refusal"]), expected);
  }
  await command("DCMD/line-7/nobody", { name: "Enabled", booleanValue: false });
  await command(
    "NCMD/line-7",
    ...Array.from({ length: 33 }, () => ({ name: "Cameras/web/Enabled", booleanValue: true })),
  );
  await until(() => refused() === cases.length + 33, "the rest");
  assert.is(node.commands.length, 33);
  assert.equal(node.health(), { online: true, hostOnline: null, waiting: 0, givenUp: 0, refused: cases.length + 33 });
  assert.is(of("NBIRTH").length, 1);
});

test("with a primary host nothing is born before that is online, and an older word changes nothing [phid-wait, phid-wait-id, phid-wait-online, phid-wait-timestamp]", async () => {
  await state(false, 1_000);
  node = sparkplugNode({ url: broker.url, sparkplug: { hostId: "scada" } });
  await publish("spBv1.0/STATE/another", JSON.stringify({ online: true, timestamp: 5_000 }), "-r");
  node.judge("cam1", 1);
  await until(() => node.lines.includes("Sparkplug: waits for host scada"), "it has heard the retained `offline`");
  await state(true, 900);
  await until(() => node.lines.some((line) => line.startsWith("SPARKPLUG_STATE_INVALID")), "it was heard");
  assert.equal(all(), []);
  assert.equal(node.health(), { online: false, hostOnline: false, waiting: 1, givenUp: 0, refused: 0 });
  await state(true, 1_000);
  await until(() => of("DBIRTH", "web").length === 1, "born");
  await until(() => of("DDATA", "cam1").some(({ metrics }) => metrics.some((each) => each.isHistorical)), "history");
});

test("a primary host that goes offline: the node dies, connects anew, and waits; verdicts come as history [phid-offline]", async () => {
  await state(true, 1_000);
  await open({ sparkplug: { hostId: "scada" } });
  await state(false, 2_000);
  await until(() => of("NDEATH").length > 0, "its death");
  assert.is(bdSeqOf(of("NDEATH")[0]!), 0);
  node.judge("cam1", 1);
  assert.is(of("NBIRTH").length, 1);
  await state(true, 3_000);
  await until(() => of("NBIRTH").length === 2, "born again");
  assert.is(bdSeqOf(of("NBIRTH")[1]!), 1);
  await until(() => of("DDATA", "cam1").some(({ metrics }) => metrics.some((each) => each.isHistorical)), "history");
});

test("a STATE that is none is told, and changes nothing", async () => {
  node = sparkplugNode({ url: broker.url, sparkplug: { hostId: "scada" } });
  for (const text of ["ONLINE", "{}", "[1]", '{"online":"true","timestamp":1}', '{"online":true}', "x".repeat(5_000)]) {
    await publish("spBv1.0/STATE/scada", text, "-r");
  }
  await until(() => node.lines.some((line) => line.startsWith("SPARKPLUG_STATE_INVALID")), "it is told");
  await state(true, 1);
  await until(() => of("NBIRTH").length === 1, "born");
});

test.run();
