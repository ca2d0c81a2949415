import { createServer, type Server } from "node:net";
import { EMPTY } from "rxjs";
import * as assert from "uvu/assert";
import { type Modbus, openModbus } from "../../agent/modbus/open.js";
import type { ModbusConfig } from "../../config/types.js";
import { cameraConfig, configOf, modbusConfig } from "../support/config.js";
import { poll, type RawClient, rawClient, registersIn, request } from "../support/modbus.js";
import { freePort } from "../support/mosquitto.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** What clients can do to the agent: nothing but read. */
const test = suite("Modbus/TCP: clients");
const lines: string[] = [];
const tell = (text: string): void => void lines.push(text);
const log = { info: tell, warn: tell, error: tell };
const nothing = { judged$: EMPTY, lastNumber: () => 0, log, random: () => 0 };
let port = 0;
let modbus: Modbus;
const clients: RawClient[] = [];

async function open(rest: Partial<ModbusConfig> = {}): Promise<void> {
  port = await freePort();
  modbus = openModbus(configOf([cameraConfig("cam1")], { modbus: modbusConfig({ port, ...rest }) }), nothing);
  await modbus.tried;
}

async function client(): Promise<RawClient> {
  const one = await rawClient(port);
  clients.push(one);
  return one;
}

test.after.each(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await modbus.close();
  lines.length = 0;
});

const reads = async () => assert.equal((await poll(port, "holding", 0, 1)).values, [1], "a PLC still reads");

test("bytes that are no Modbus end the connection that sends them, and nothing else", async () => {
  await open();
  const good = await client();
  const hostile = [
    Buffer.from("GET / HTTP/1.1\r\nHost: plc\r\n\r\n"),
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]),
    Buffer.alloc(4_096, 0xff),
    // Lengths of 0, 1 and 65535.
    Buffer.from([0, 1, 0, 0, 0, 0, 1, 3]),
    Buffer.from([0, 1, 0, 0, 0, 1, 1, 3]),
    Buffer.from([0, 1, 0, 0, 0xff, 0xff, 1, 3]),
  ];
  for (const bytes of hostile) assert.is(await (await client()).ask(bytes), null);
  assert.is(modbus.health().hungUp.malformed, hostile.length);
  assert.equal(registersIn((await good.ask(request(3, 0, 1)))!), [1]);
});

test("requests of every function, length and count are answered, refused or ignored: none ends the agent", async () => {
  await open({ maxConnections: 100 });
  const random = generator(7);
  for (let round = 0; round < 40; round += 1) {
    const one = await client();
    for (let n = 0; n < 25; n += 1) {
      const body = Buffer.from(
        Array.from({ length: 1 + Math.floor(random() * 250) }, () => Math.floor(random() * 256)),
      );
      // Half are of functions that there are; short ones are cut as a real request never is.
      body[0] = random() < 0.5 ? [1, 2, 3, 4, 5, 6, 15, 16, 23, 43][Math.floor(random() * 10)]! : body[0]!;
      const cut = body.subarray(0, random() < 0.5 ? body.length : 5);
      const head = Buffer.from([0, n, 0, 0, 0, cut.length + 1, 1]);
      one.socket.write(Buffer.concat([head, cut]));
    }
    // The answer to the last one: all before it are done with.
    await until(() => modbus.health().requests === 25 * (round + 1), "all requests are seen");
    one.socket.destroy();
  }
  await reads();
});

test("a request that comes byte by byte is one request; several in one piece are answered in their order", async () => {
  await open();
  const one = await client();
  const bytes = request(3, 0, 1);
  for (const byte of bytes.subarray(0, -1)) one.socket.write(Uint8Array.of(byte));
  assert.equal(registersIn((await one.ask(bytes.subarray(-1)))!), [1]);
  let answers = Buffer.alloc(0);
  one.socket.on("data", (more) => {
    answers = Buffer.concat([answers, more]);
  });
  one.socket.write(Buffer.concat([request(3, 2, 1), request(3, 0, 1), request(3, 2, 2)]));
  await until(() => answers.length === 11 + 11 + 13, "three answers");
  assert.equal(
    [answers, answers.subarray(11), answers.subarray(22)].map((answer) => registersIn(answer)),
    [[1], [1], [1, 0]],
  );
  assert.is(modbus.health().requests, 4);
});

test("more connections than are allowed are turned away; one that goes makes room", async () => {
  await open({ maxConnections: 1 });
  const first = await client();
  assert.equal(registersIn((await first.ask(request(3, 0, 1)))!), [1]);
  await (await client()).closed;
  assert.is(modbus.health().hungUp.full, 1);
  first.socket.destroy();
  await until(() => modbus.health().connections === 0, "it is gone");
  await reads();
});

test("a client that is silent, floods, or takes no answer is hung up on", async () => {
  await open({ idleS: 0.05 });
  await (await client()).closed;
  const dripping = await client();
  const drip = setInterval(() => dripping.socket.write(Uint8Array.of(0)), 10);
  await dripping.closed;
  clearInterval(drip);
  assert.equal(modbus.health().hungUp, { full: 0, malformed: 0, excess: 0, idle: 2 });
  await modbus.close();
  await open();
  const flood = await client();
  flood.socket.pause();
  flood.socket.write(Buffer.concat(Array.from({ length: 10_000 }, () => request(3, 0, 4))));
  await until(() => modbus.health().hungUp.excess === 1, "hung up on");
  await reads();
});

test("a port in use is logged once, with the remedy, and taken when it is free", async () => {
  port = await freePort();
  const other = await listenOn(port);
  modbus = openModbus(configOf([cameraConfig("cam1")], { modbus: modbusConfig({ port }) }), nothing);
  await modbus.tried;
  assert.is(modbus.health().listening, false);
  await new Promise((resolve) => other.close(resolve));
  await until(() => modbus.health().listening, "it listens");
  await reads();
  assert.equal(
    lines.map((line) => line.split(" ")[0]),
    ["MODBUS_PORT_TAKEN:", "Modbus/TCP"],
  );
});

test("closing cuts connections, and can be asked for while the port is in use", async () => {
  await open();
  const one = await client();
  await modbus.close();
  await one.closed;
  const other = await listenOn(port);
  modbus = openModbus(configOf([cameraConfig("cam1")], { modbus: modbusConfig({ port }) }), nothing);
  await modbus.tried;
  await modbus.close();
  await new Promise((resolve) => other.close(resolve));
});

function listenOn(at: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(at, "127.0.0.1", () => resolve(server));
  });
}

/** Numbers from 0 to 1, the same for a seed: Park and Miller's. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test.run();
