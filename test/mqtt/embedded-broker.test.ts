import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { connect, connectAsync } from "mqtt";
import * as assert from "uvu/assert";
import { portsToTry, rememberPort } from "../../agent/mqtt/broker-port.js";
import { openEmbeddedBroker } from "../../agent/mqtt/embedded-broker.js";
import { CodedError } from "../../errors.js";
import { temporaryFolder } from "../support/config.js";
import { freePort } from "../support/mosquitto.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("embedded broker");
const closing: (() => Promise<unknown>)[] = [];
test.after.each(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A port that something else has. */
async function taken(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("it takes the first port that is free, in their order", async () => {
  const [first, second, third] = [await taken(), await taken(), await freePort()];
  const broker = await openEmbeddedBroker({ ports: [first, second, third, 0] });
  closing.push(() => broker.close());
  assert.equal([broker.port, broker.url], [third, `mqtt://127.0.0.1:${third}`]);
});

test("where none is free it says so", async () => {
  const port = await taken();
  try {
    await openEmbeddedBroker({ ports: [port] });
    assert.unreachable();
  } catch (error) {
    assert.is(error instanceof CodedError && error.code, "MQTT_EMBEDDED_FAILED");
  }
});

test("a listener that stays away is kept so many messages and no more, and has the oldest of them when it comes back", async () => {
  const full: string[] = [];
  const queueLimits = { messages: 3, bytes: 1_000 };
  const broker = await openEmbeddedBroker({ ports: [0], onFull: (client) => full.push(client), queueLimits });
  closing.push(() => broker.close());
  const listener = () => connectAsync(broker.url, { clientId: "listener", clean: false, reconnectPeriod: 0 });
  const first = await listener();
  await first.subscribeAsync("line/#", { qos: 1 });
  await first.endAsync();
  const publisher = await connectAsync(broker.url);
  closing.push(() => publisher.endAsync(true));
  for (const text of ["1", "x".repeat(1_001), "2", "3", "4", "5"])
    await publisher.publishAsync("line/alert", text, { qos: 1 });
  assert.equal(full, ["listener"], "once for all");
  const heard: string[] = [];
  const again = connect(broker.url, { clientId: "listener", clean: false, reconnectPeriod: 0 });
  closing.push(() => again.endAsync(true));
  again.on("message", (_, payload) => heard.push(String(payload)));
  await until(() => heard.length === 3, "what waited");
  await publisher.publishAsync("line/alert", "6", { qos: 1 });
  await until(() => heard.length === 4, "what is new");
  assert.equal(heard, ["1", "2", "3", "6"]);
});

test("1883 first, the next ones then, any last; the one that it had is tried before them, at every later start", async () => {
  const state = temporaryFolder();
  const usual = [1883, 1884, 1885, 1886, 1887, 1888, 1889, 1890, 1891, 1892];
  assert.equal(await portsToTry(state), [...usual, 0]);
  await rememberPort(state, 1885);
  assert.equal(await portsToTry(state), [1885, ...usual.filter((port) => port !== 1885), 0]);
  await rememberPort(state, 40_123);
  assert.equal(await portsToTry(state), [40_123, ...usual, 0]);
  for (const nonsense of ["", "x", "80\n", "70000", "1885.5"]) {
    writeFileSync(join(state, "broker-port"), nonsense);
    assert.equal(await portsToTry(state), [...usual, 0], nonsense);
  }
});

test.run();
