import * as assert from "uvu/assert";
import { partVerdict } from "../support/live.js";
import { type Heard, type Mosquitto, startMosquitto, subscribe } from "../support/mosquitto.js";
import { startRetort } from "../support/retort-process.js";
import { publishBytes } from "../support/sparkplug.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";
import { publish } from "../support/watch.js";
import { programs, type Row, type Running, running } from "./programs.js";

/** The example subscribers, at a real broker with a real agent's verdicts. */
const test = suite("examples");
let broker: Mosquitto | undefined;
const lives: Running[] = [];
test.after(async () => {
  for (const life of lives) await life.stop("SIGKILL");
  await broker?.stop();
});

const nameOf = ({ agent, camera, seq, verdict }: Row): string => `${agent}/${camera} ${seq} ${verdict}`;

const rowOf = ({ topic, payload }: Heard): Row => {
  const { camera, seq, verdict } = payload as unknown as Omit<Row, "agent">;
  return { agent: topic.split("/")[1] ?? "", camera, seq, verdict };
};

/** Once each, in the order in which they came first. */
const once = (heard: readonly Heard[]): string[] => [...new Set(heard.map(rowOf).map(nameOf))];

const present = programs.filter(({ name, missing }) => {
  if (missing !== null) console.log(`skipped: the example for ${name}: ${missing}`);
  return missing === null;
});
const subscribed = () => present.map((program) => ({ program, life: running(program, new URL(broker!.url)) }));

test("each keeps every verdict of an agent once: repeats are dropped, and none is missed by who is killed and begins again", async () => {
  broker = await startMosquitto();
  const witness = await subscribe(broker.port, "retort/+/+/verdict");
  const subscribers = subscribed();
  lives.push(...subscribers.map(({ life }) => life));
  for (const life of lives) await life.start();

  const agent = await startRetort({ broker: broker.url, fps: 20 });
  const allKept = async (atLeast: number) => {
    await until(() => witness.heard.length >= atLeast, "verdicts", 60_000);
    const count = once(witness.heard).length;
    for (const { program, life } of subscribers)
      await until(() => life.printed() >= count, `${program.name} prints them`, 30_000);
  };
  await allKept(15);
  // What an agent does that was killed before it heard that its broker had them.
  const again = witness.heard.slice(5, 15);
  await publish(broker.port, ...again.map(({ topic, payload }) => [topic, { ...payload, replayed: true }] as const));
  await allKept(40);
  await Promise.all(lives.map((life) => life.stop("SIGKILL")));
  const before = witness.heard.length;
  await until(() => witness.heard.length >= before + 10, "verdicts that nobody keeps", 60_000);
  for (const life of lives) await life.start();
  await allKept(before + 20);
  assert.is(await agent.stop(), 0);
  const last = witness.heard.at(-1)!;
  const other = [last.topic.replace("line-7", "line-8"), { ...last.payload, seq: 1 }] as const;
  await publish(broker.port, [last.topic, last.payload], other);
  const expected = () => once(witness.heard);
  await until(() => expected().at(-1)!.startsWith("line-8"), "the last");

  assert.ok(witness.heard.length > expected().length, "there were repeats");
  for (const verdict of ["ok", "ng", "unknown"])
    assert.ok(
      expected().some((name) => name.endsWith(verdict)),
      verdict,
    );
  for (const { program, life } of subscribers) {
    await until(() => life.rows().length >= expected().length, `${program.name} keeps the last`, 30_000);
    // One may be kept and not printed: who is killed between the two does not print it again.
    await until(() => life.printed() >= expected().length - 1, `${program.name} prints the last`, 30_000);
    await life.stop("SIGTERM");
    const rows = life.rows();
    assert.equal(rows.map(nameOf), expected(), program.name);
    const out = life.out();
    const unprinted = rows.filter(({ agent, camera, seq, verdict }) => {
      const line = program.prints(agent, camera, seq, verdict);
      return typeof line === "string" ? !out.includes(line) : !line.test(out);
    });
    assert.ok(unprinted.length <= 1, `${program.name} did not print ${unprinted.map(nameOf).join(", ")}`);
  }
  await witness.stop();
});

test("what others publish where verdicts are is passed over: it neither ends a subscriber nor comes again with each start; an agent that counts anew is told", async () => {
  const right = partVerdict(1, "ok");
  const others = [
    [],
    { seq: 1 },
    { ...right, seq: "1" },
    { ...right, seq: 1e300 },
    { ...right, score: {} },
    { ...right, ts: 5 },
    { ...right, part: undefined, verdict: undefined },
  ];
  const two = subscribed().filter(({ program: { name } }) => name === "Node" || name === "Python");
  lives.push(...two.map(({ life }) => life));
  for (const { life } of two) await life.start();
  const topic = "retort/line-9/cam1/verdict";
  await publishBytes(broker!.port, topic, "null");
  await publishBytes(broker!.port, topic, "[".repeat(100_000));
  await publish(broker!.port, ...others.map((each) => [topic, each] as const));
  const pretends = { ...right, agent: "line-1", camera: "cam9" };
  await publish(broker!.port, [topic, pretends], [topic, right]);
  for (const { program, life } of two) {
    await until(() => life.printed() > 0, `${program.name} prints the verdict: ${life.out()}`, 30_000);
    assert.not.match(life.out(), "anew", "a repeat is none");
  }
  await publish(broker!.port, [topic, { ...right, ts: new Date(Date.now() + 60_000).toISOString() }]);
  for (const { program, life } of two) {
    await until(() => life.out().includes("line-9/cam1 counts anew"), `${program.name} says so`, 30_000);
    await life.stop("SIGTERM");
    assert.equal(life.rows().map(nameOf), ["line-9/cam1 1 ok"], program.name);
  }
});

test.run();
