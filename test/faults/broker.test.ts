import { execFileSync } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openEmbeddedBroker } from "../../agent/mqtt/embedded-broker.js";
import { openPublisher, type Publisher, type PublisherOptions } from "../../agent/mqtt/publisher.js";
import type { Outbox } from "../../agent/outbox/outbox.js";
import { openLevelStore } from "../../agent/store/level-store.js";
import { Witness } from "../soak/witness.js";
import { temporaryFolder } from "../support/config.js";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { alertStep, MB, partVerdict, picture, plain, testOutbox } from "../support/outbox.js";
import { startProxy } from "../support/proxy.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** Brokers and networks that fail, a real outbox on disk, and a witness that checks every seq. */
const test = suite("broker faults");
const closing: (() => Promise<unknown>)[] = [];
test.after.each(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function outboxOnDisk(): Promise<Outbox> {
  const outbox = await testOutbox({
    maxBytes: 512 * MB,
    openStore: (folder, onTrouble) => openLevelStore(folder, { reserveBytes: 0, onTrouble }),
  });
  closing.push(() => outbox.close());
  return outbox;
}

interface Told {
  readonly publisher: Publisher;
  /** Codes of what went wrong. */
  readonly codes: string[];
  /** How often a connection came up. */
  readonly ups: () => number;
}

function publish(url: string, outbox: Outbox, rest: Partial<PublisherOptions> = {}): Told {
  const options = { url, outbox, prefix: "retort", agentId: "line-7", version: "0.1.0", random: () => 0 };
  const publisher = openPublisher({ ...options, keepaliveS: 1, ackTimeoutMs: 1_000, ...rest });
  closing.push(() => publisher.close());
  const codes: string[] = [];
  let ups = 0;
  publisher.trouble$.subscribe(({ code }) => codes.push(code));
  publisher.connected$.subscribe((up) => {
    if (up) ups += 1;
  });
  return { publisher, codes, ups: () => ups };
}

async function mosquitto(port?: number, settings?: string[]): Promise<Mosquitto> {
  const broker = await startMosquitto(port, settings);
  closing.push(() => broker.stop());
  return broker;
}

async function witnessAt(port: number): Promise<Witness> {
  const witness = new Witness("retort");
  await witness.listen(port);
  closing.push(() => witness.drain());
  return witness;
}

const add = (outbox: Outbox, count: number, evidenceBytes = 0): Promise<unknown> =>
  Promise.all(
    Array.from({ length: count }, () =>
      outbox.add(alertStep(), evidenceBytes === 0 ? plain : { evidence: picture(evidenceBytes) }),
    ),
  );

/** Verdicts on so many parts of each camera. */
const judge = (outbox: Outbox, count: number): Promise<unknown> =>
  Promise.all(
    Array.from({ length: 2 * count }, (_, n) =>
      outbox.addVerdict(partVerdict({ camera: `cam${1 + (n % 2)}`, part: n })),
    ),
  );

const alerts = (witness: Witness): number => witness.testimony("line-7").alerts;
const verdicts = (witness: Witness): readonly number[] =>
  Object.values(witness.testimony("line-7").verdicts).map(({ different }) => different);

/** @param judged verdicts of each camera */
function nothingWrong(witness: Witness, count: number, judged: number): void {
  const { missing, outOfOrder, contradictory, alerts, verdicts } = witness.testimony("line-7");
  assert.equal([alerts, missing, outOfOrder, contradictory], [count, [], 0, []]);
  for (const camera of ["cam1", "cam2"]) {
    const { different, highest, missing, outOfOrder, contradictory } = verdicts[camera]!;
    assert.equal([different, highest, missing, outOfOrder, contradictory], [judged, judged, [], 0, []], camera);
  }
}

function nothingGivenUp(outbox: Outbox): void {
  assert.equal([outbox.health().lost, outbox.health().gaps], [{}, []]);
}

test("a broker that is away for 5,000 alerts and 2,000 verdicts gets them all, in order, with their pictures, and states meanwhile", async () => {
  const outbox = await outboxOnDisk();
  const { port } = await mosquitto();
  const proxy = await startProxy(port);
  closing.push(() => proxy.close());
  proxy.open = false;
  const { publisher } = publish(proxy.url, outbox);
  for (let n = 0; n < 10; n += 1) {
    await add(outbox, 490);
    await add(outbox, 10, 20_000);
    await judge(outbox, 100);
  }
  const { depth, evidence, verdicts: waiting } = outbox.health();
  assert.equal([depth, evidence, waiting], [5_000, 100, 2_000]);
  const witness = await witnessAt(port);
  proxy.open = true;
  await until(() => alerts(witness) > 0, "the first", 10_000);
  const said = publisher.publish({ topic: "cam1/state", payload: { state: "ok" }, qos: 1, retain: true });
  await said;
  assert.ok(outbox.health().depth > 0, "a state does not wait for the end of the queue");
  await add(outbox, 1, 20_000);
  await judge(outbox, 1);
  const isEmpty = (): boolean => {
    const { depth, evidence, verdicts } = outbox.health();
    return depth + evidence + verdicts === 0;
  };
  await until(isEmpty, "nothing waits", 60_000);
  const hasAll = (): boolean =>
    alerts(witness) === 5_001 && witness.evidence === 101 && verdicts(witness).every((count) => count === 1_001);
  await until(hasAll, "the witness has all", 5_000);
  nothingWrong(witness, 5_001, 1_001);
  nothingGivenUp(outbox);
  // The last one was made while the others were on their way: it may have waited behind them.
  assert.ok([5_000, 5_001].includes(witness.testimony("line-7").replayed), "all that waited are replayed");
  assert.is(witness.testimony("line-7").earlyEvidence, 0, "none before its alert");
});

test("a half-open connection is noticed by alerts that nobody acknowledges", async () => {
  const outbox = await outboxOnDisk();
  const { port } = await mosquitto();
  const proxy = await startProxy(port);
  closing.push(() => proxy.close());
  const witness = await witnessAt(port);
  const { codes } = publish(proxy.url, outbox, { keepaliveS: 60 });
  await add(outbox, 3);
  await until(() => alerts(witness) === 3, "three alerts");
  proxy.stall();
  await add(outbox, 20);
  await judge(outbox, 10);
  await until(() => codes.includes("MQTT_NO_ACK"), "it is noticed", 3_000);
  await until(() => outbox.health().depth + outbox.health().verdicts === 0, "they go another way", 5_000);
  await until(() => alerts(witness) === 23 && verdicts(witness).every((count) => count === 10), "all of them");
  nothingWrong(witness, 23, 10);
  nothingGivenUp(outbox);
});

test("a half-open connection is noticed by the ping that stays unanswered, however many scores are sent", async () => {
  const outbox = await outboxOnDisk();
  const { port } = await mosquitto();
  const proxy = await startProxy(port);
  closing.push(() => proxy.close());
  const { publisher, codes, ups } = publish(proxy.url, outbox, { ackTimeoutMs: 60_000 });
  const score = { topic: "cam1/score", payload: { score: 1 }, qos: 0, retain: false } as const;
  const scoring = setInterval(() => void publisher.publish(score), 20);
  closing.push(async () => clearInterval(scoring));
  await until(() => ups() === 1, "the connection");
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  assert.is(ups(), 1, "a live one is kept");
  proxy.stall();
  await until(() => codes.includes("MQTT_LOST") && ups() === 2, "it is noticed, and replaced", 5_000);
});

test("a broker that accepts and never acknowledges is left, ever less often tried, and nothing is lost", async () => {
  const outbox = await outboxOnDisk();
  const port = await freePort();
  const mute = await muteBroker(port);
  const { codes, ups } = publish(`mqtt://127.0.0.1:${port}`, outbox, { ackTimeoutMs: 200 });
  await add(outbox, 50);
  await judge(outbox, 50);
  await until(() => codes.filter((code) => code === "MQTT_NO_ACK").length === 3, "three tries", 5_000);
  assert.equal([outbox.health().depth, outbox.health().verdicts], [50, 100]);
  const pauses = mute.connectedAtMs.slice(1).map((ms, at) => ms - mute.connectedAtMs[at]!);
  assert.ok(pauses[1]! > pauses[0]!, `pauses grow: ${pauses}`);
  await mute.close();
  const before = ups();
  await mosquitto(port);
  await until(() => outbox.health().depth + outbox.health().verdicts === 0, "all of them", 8_000);
  assert.ok(ups() > before);
  nothingGivenUp(outbox);
});

test("credentials that are refused, then accepted: nothing is lost, and the trouble is told", async () => {
  const outbox = await outboxOnDisk();
  const passwords = join(temporaryFolder(), "passwords");
  const allow = (user: string, ...options: string[]) =>
    execFileSync("mosquitto_passwd", ["-b", ...options, passwords, user, "secret"], { stdio: "ignore" });
  allow("someone", "-c");
  const settings = ["allow_anonymous false", `password_file ${passwords}`];
  const port = await freePort();
  const closed = await startMosquitto(port, settings);
  const { publisher, codes } = publish(closed.url, outbox, { username: "line", password: "secret" });
  await add(outbox, 10);
  await until(() => codes.filter((code) => code === "MQTT_NOT_AUTHORIZED").length >= 2, "refused, and again");
  assert.is(publisher.health().trouble!.code, "MQTT_NOT_AUTHORIZED");
  assert.is(outbox.health().depth, 10);
  await closed.stop();
  allow("line");
  await mosquitto(port, settings);
  await until(() => outbox.health().depth === 0, "they are let in", 8_000);
});

for (const [name, start] of [
  ["MQTT 5", mosquitto],
  ["MQTT 3.1.1", embedded],
] as const) {
  test(`a second agent of the same id is reported, and they do not throw each other out for ever: ${name}`, async () => {
    const outbox = await outboxOnDisk();
    const { url } = await start();
    const first = publish(url, outbox);
    await until(() => first.ups() === 1, "the first");
    const second = publish(url, await outboxOnDisk());
    const score = { topic: "cam1/score", payload: { score: 1 }, qos: 0, retain: false } as const;
    const scoring = setInterval(() => {
      for (const { publisher } of [first, second]) void publisher.publish(score);
    }, 5);
    closing.push(async () => clearInterval(scoring));
    await until(() => [...first.codes, ...second.codes].includes("MQTT_ID_TAKEN"), "it is told", 10_000);
    const [out, other] = first.codes.includes("MQTT_ID_TAKEN") ? [first, second] : [second, first];
    await until(() => other.publisher.health().connected, "the other has the line", 6_000);
    const [outs, others] = [out.ups(), other.ups()];
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    assert.equal([out.ups(), other.ups()], [outs, others], "peace");
    assert.is(out.publisher.health().trouble!.code, "MQTT_ID_TAKEN");
    assert.not([...first.codes, ...second.codes].includes("MQTT_HUNG_UP"), "and no score is to blame");
  });
}

async function embedded(): Promise<{ url: string }> {
  const broker = await openEmbeddedBroker({ ports: [0] });
  closing.push(() => broker.close());
  return broker;
}

/** Says yes to CONNECT and answers pings, nothing else. */
async function muteBroker(port: number) {
  const connectedAtMs: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    connectedAtMs.push(performance.now());
    socket.on("error", () => socket.destroy());
    socket.on("data", (data: Buffer) => {
      // CONNECT and PINGREQ come alone, or first; an MQTT 5 CONNACK without properties.
      if (data[0] === 0x10) socket.write(Uint8Array.of(0x20, 3, 0, 0, 0));
      if (data[0] === 0xc0) socket.write(Uint8Array.of(0xd0, 0));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    connectedAtMs,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

test.run();
