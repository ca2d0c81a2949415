/** What the fuzz found, each by itself: a message, or a broker, must never end the agent or leave it deaf. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Subject } from "rxjs";
import * as assert from "uvu/assert";
import { serveCommands } from "../../agent/commands/serve.js";
import type { Command } from "../../agent/contract/inbound.js";
import type { CommandOutcome } from "../../agent/contract/payloads.js";
import { replyTopic } from "../../agent/contract/topics.js";
import { openValidator } from "../../agent/contract/validator.js";
import { receive } from "../../agent/mqtt/inbound.js";
import { openClient } from "../../agent/mqtt/mqtt-client.js";
import { CodedError } from "../../errors.js";
import { suite } from "../support/suite.js";

const test = suite("hostile MQTT");
const base = "retort/line-7";
const validate = openValidator();

function refusalOf(topic: string, payload: string): string {
  const codes: string[] = [];
  receive(
    base,
    { topic, payload: Buffer.from(payload), retained: false, responseTopic: null, correlationData: null, by: null },
    validate,
    {
      command: (_command, _id, _args, fault) => codes.push(fault?.code ?? "taken"),
      context: () => codes.push("taken"),
      unusable: ({ code }) => codes.push(code),
    },
  );
  return codes.join();
}

test("nested some thousand levels deep: refused before anybody has to write it again", () => {
  const deep = `${"[".repeat(9_000)}${"]".repeat(9_000)}`;
  assert.is(refusalOf(`${base}/cmd/status`, `{"id":"1","x":${deep}}`), "PAYLOAD_INVALID");
  assert.is(refusalOf(`${base}/cam1/context`, `{"x":${"[".repeat(40)}${"]".repeat(40)}}`), "PAYLOAD_INVALID");
  assert.is(refusalOf(`${base}/cam1/context`, '{"x":[[[1]]]}'), "taken");
});

test("a command whose name no reply could be sent to is told, not answered", () => {
  for (const name of ["", "\u0000", "x".repeat(60_000), "$SYS"]) {
    assert.is(refusalOf(`${base}/cmd/${name}`, '{"id":"1"}'), "COMMAND_NAME_INVALID");
  }
});

test("a command that is called as what every object has is unknown", async () => {
  const command$ = new Subject<Command>();
  const outcomes: CommandOutcome[] = [];
  const service = serveCommands(command$, {
    handlers: {},
    validate,
    clock: { monotonicMs: () => 0, wallMs: () => 0 },
    onDone: () => undefined,
  });
  for (const command of ["constructor", "__proto__", "toString"]) {
    command$.next({
      command,
      id: command,
      args: { id: command },
      via: "mqtt",
      by: null,
      fault: null,
      reply: (outcome) => outcomes.push(outcome),
    });
  }
  await new Promise((resolve) => setImmediate(resolve));
  service.close();
  assert.equal(
    outcomes.map((outcome) => outcome.ok || outcome.code),
    ["COMMAND_UNKNOWN", "COMMAND_UNKNOWN", "COMMAND_UNKNOWN"],
  );
});

test("who may ask cannot have the agent speak for itself or for another, nor offend its broker", () => {
  const own = `${base}/reply/status`;
  for (const asked of [
    `${base}/status`,
    `${base}/cam1/alert`,
    "retort/line-8/cmd/disable",
    "a/#",
    "",
    "$SYS/x",
    "a\u0000",
    "/".repeat(300),
  ]) {
    assert.is(replyTopic(base, "status", asked), own, asked.slice(0, 30));
  }
  for (const asked of ["asker/7", `${base}/reply/me`, "retortx/y"]) assert.is(replyTopic(base, "status", asked), asked);
});

for (const [what, answer] of [
  ["nonsense behind a CONNACK", "2003000000 42c8"],
  ["a PUBREL nobody waits for, and nonsense", "2003000000 62020009 42c8"],
  ["a PUBREL without its number", "2003000000 620141"],
  ["a message without its number", "2003000000 32090007612f6200077b7d"],
  ["a QoS 2 message, and nonsense", "2003000000 34080003612f62000900 42c8"],
] as const) {
  test(`a broker that sends ${what} is lost, and told to be`, async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket
        .on("error", () => socket.destroy())
        .once("data", () => socket.write(Buffer.from(answer.replaceAll(" ", ""), "hex")));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    let told = "";
    const lost = new Promise<void>((resolve) => {
      openClient({
        url: `mqtt://127.0.0.1:${port}`,
        version: 5,
        clientId: "c",
        username: null,
        password: null,
        will: null,
        retain: true,
        keepaliveS: 60,
        connectTimeoutMs: 5_000,
        onReceived: () => undefined,
        onLost: () => resolve(),
      }).catch((error: unknown) => {
        told = error instanceof CodedError ? error.code : String(error);
        resolve();
      });
    });
    await lost;
    assert.ok(told === "" || told.startsWith("MQTT_"), told);
    for (const socket of sockets) socket.destroy();
    server.close();
  });
}

test.run();
