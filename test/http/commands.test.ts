import * as assert from "uvu/assert";
import type { Command } from "../../agent/contract/inbound.js";
import type { ReplyPayload } from "../../agent/contract/payloads.js";
import { type Http, openHttp } from "../../agent/http/open.js";
import type { AgentView } from "../../agent/http/view.js";
import { commandRig } from "../support/command-rig.js";
import { schemaFaults } from "../support/schemas.js";
import { suite } from "../support/suite.js";
import { testView } from "../support/view.js";

const test = suite("HTTP: commands");
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const rig = commandRig(test);
let http: Http | null = null;
test.after.each(async () => {
  await http?.close();
  http = null;
});

/** A whole agent with one camera, whose view HTTP shows. */
async function start() {
  const line = await rig.start(undefined, {
    openHttp: (view) => {
      http = openHttp(view, { version: "1.2.3", log });
      return http;
    },
  });
  await http!.tried;
  return line;
}

async function ask(command: string, body: string | object): Promise<readonly [number, ReplyPayload]> {
  const url = http!.url()!;
  const headers = { origin: new URL(url).origin, "content-type": "application/json" };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(new URL(`/api/commands/${command}`, url), { method: "POST", headers, body: text });
  return [response.status, (await response.json()) as ReplyPayload];
}

test("a command is carried out and answered as over MQTT, and stands in the trail with its asker", async () => {
  const { ask: overMqtt } = await start();
  const [status, reply] = await ask("threshold", { id: "a", camera: "cam1", threshold: 0.75, by: "kim" });
  assert.is(status, 200);
  assert.equal(schemaFaults("reply", reply), []);
  assert.equal(reply, { v: 1, id: "a", ok: true, result: { camera: "cam1", threshold: 0.75, before: 0.5 } });
  assert.is(rig.current().cameras[0]!.threshold(), 0.75);
  const undone = await overMqtt("threshold", { camera: "cam1", threshold: null });
  assert.ok(undone.ok);
  const { commands } = (await (await fetch(new URL("/api/commands", http!.url()!))).json()) as {
    commands: { by: string; via: string; from?: object }[];
  };
  const [byMqtt, byHttp] = commands;
  assert.equal([byHttp!.by, byHttp!.via], ["kim", "http"]);
  assert.equal(byHttp!.from, { role: "act", address: "127.0.0.1", session: null });
  assert.equal([byMqtt!.via, byMqtt!.from], ["mqtt", undefined]);
});

test("what is asked wrongly is refused with the code that MQTT has, and a status for programs", async () => {
  await start();
  const code = async (command: string, body: string | object) => {
    const [status, reply] = await ask(command, body);
    return [status, reply.ok ? "ok" : reply.error.code];
  };
  const deep = `{"id":"x","camera":${"[".repeat(40)}${"]".repeat(40)}}`;
  for (const [command, body, status, expected] of [
    ["enable", "{", 400, "PAYLOAD_INVALID"],
    ["enable", "[]", 400, "PAYLOAD_INVALID"],
    ["enable", deep, 400, "PAYLOAD_INVALID"],
    ["enable", "", 400, "PAYLOAD_INVALID"],
    ["enable", { camera: "cam1" }, 400, "COMMAND_ID_MISSING"],
    ["enable", { id: "1" }, 400, "COMMAND_INVALID"],
    ["enable", { id: "1", camera: "cam1", nonsense: 1 }, 400, "COMMAND_INVALID"],
    ["destroy", { id: "1" }, 404, "COMMAND_UNKNOWN"],
    ["constructor", { id: "1" }, 404, "COMMAND_UNKNOWN"],
    ["enable", { id: "2", camera: "nobody" }, 422, "CAMERA_UNKNOWN"],
    ["enable%0A", { id: "1" }, 400, "HTTP_PARAMETER_INVALID"],
    ["enable", `{"id":"${"x".repeat(70_000)}"}`, 413, "HTTP_BODY_TOO_LARGE"],
  ] as const) {
    assert.equal(await code(command, body), [status, expected], `${command} ${JSON.stringify(body).slice(0, 40)}`);
  }
});

test("a command that comes again under its id, whichever way, is answered again and not done again", async () => {
  const { ask: overMqtt } = await start();
  const first = await ask("threshold", { id: "same", camera: "cam1", threshold: 0.75 });
  await overMqtt("threshold", { camera: "cam1", threshold: 0.25 });
  assert.equal(await ask("threshold", { id: "same", camera: "cam1", threshold: 0.75 }), first);
  assert.is(rig.current().cameras[0]!.threshold(), 0.25);
});

test("a command that takes longer than a silent connection may last is answered all the same", async () => {
  let given: Command | undefined;
  const perform: AgentView["perform"] = (command) => {
    given = command;
    setTimeout(() => command.reply({ ok: true, result: {} }), 700);
  };
  http = openHttp({ ...testView(), perform }, { version: "1.2.3", log, limits: { silenceMs: 200 } });
  await http.tried;
  assert.is((await ask("calibrate", { id: "slow", camera: "cam1" }))[0], 200);
  assert.is(given!.id, "slow");
});

test.run();
