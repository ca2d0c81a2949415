import { isDeepStrictEqual } from "node:util";
import * as assert from "uvu/assert";
import { type AgentDeps, startAgent } from "../../agent/agent.js";
import { openEvidence } from "../../agent/evidence/evidence.js";
import { openHistory } from "../../agent/history/open.js";
import { openHttp } from "../../agent/http/open.js";
import { loadModel } from "../../agent/inference/load.js";
import { openModbus } from "../../agent/modbus/open.js";
import { openMqtt } from "../../agent/mqtt/open.js";
import { openOutbox } from "../../agent/outbox/open.js";
import { CodedError } from "../../errors.js";
import { fakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { cameraConfig, configOf, modbusConfig, mqttConfig } from "../support/config.js";
import { freePort } from "../support/mosquitto.js";
import { testOutbox } from "../support/outbox.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

/** A whole agent on its real edges but the camera: store, threads, embedded broker, HTTP. */
const test = suite("opening an agent");

/** Timers, sockets, threads and ports in use, by kind; not requests to the system, which end by themselves. */
function inUse(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  const lasting = process.getActiveResourcesInfo().filter((kind) => !kind.includes("Req"));
  for (const kind of lasting) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

async function untilInUse(wanted: Readonly<Record<string, number>>): Promise<void> {
  await until(() => isDeepStrictEqual(inUse(), wanted), "as before").catch(() => assert.equal(inUse(), wanted));
}

const quiet = () => undefined;
const log = { info: quiet, warn: quiet, error: quiet };
const fail = (part: string): never => {
  throw new Error(`${part} cannot be opened`);
};

const codeOf = (error: unknown): string => (error instanceof CodedError ? error.code : String(error));

function edges(): AgentDeps {
  return {
    log,
    watchCamera: (options) => fakeCamera(options.camera.id, [10, 250, 250, 250]).watch(options),
    openOutbox,
    openHistory,
    openEvidence,
    loadModel,
    openPublisher: (config, to, outbox) => openMqtt(config, to, outbox, { port: 0 }),
    openHttp: (view) => openHttp(view, { version: "0", log, usualPort: 0 }),
  };
}

/** The parts in the order in which they open, each with an agent whose part of that name rejects. */
const failing: Readonly<Record<string, (real: AgentDeps) => Partial<AgentDeps>>> = {
  outbox: () => ({ openOutbox: async () => fail("outbox") }),
  history: () => ({ openHistory: async () => fail("history") }),
  evidence: () => ({ openEvidence: async () => fail("evidence") }),
  "what the last run left": () => ({
    openOutbox: async (options) => {
      const outbox = await openOutbox(options);
      outbox.recover = async () => fail("what the last run left");
      return outbox;
    },
  }),
  publisher: () => ({ openPublisher: async () => fail("publisher") }),
  "the second camera": () => ({
    openEvidence: async (options) => {
      const evidence = await openEvidence(options);
      let cameras = 0;
      return Object.defineProperty({ ...evidence }, "saw", {
        get: () => {
          cameras += 1;
          return cameras < 2 ? evidence.saw : fail("the second camera");
        },
      });
    },
  }),
  HTTP: () => ({ openHttp: () => fail("HTTP") }),
};

for (const [part, broken] of Object.entries(failing)) {
  test(`where ${part} cannot be opened, nothing that was opened before stays open`, async () => {
    const config = configOf([cameraConfig("cam1"), cameraConfig("cam2")], {
      mqtt: mqttConfig({ url: "embedded" }),
      models: { plate: { path: await writeTinyBundle() } },
    });
    const before = inUse();
    const real = edges();
    const opened = startAgent(config, { ...real, ...broken(real) });
    assert.is(await opened.then(() => "opened", String), `Error: ${part} cannot be opened`);
    await untilInUse(before);
    // The state folder is nobody's: the next agent has it.
    const next = await startAgent(config, edges());
    await next.started;
    await next.stop();
    await untilInUse(before);
  });
}

test("stops within 5 s though every part hangs, and says which", async () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const config = configOf([cameraConfig("cam1")], { mqtt: mqttConfig({ url: "embedded" }) });
  const real = edges();
  const ends: (() => Promise<void>)[] = [];
  const hangs = async <Part extends { close(): Promise<void> }>(opened: Part | Promise<Part>): Promise<Part> => {
    const part = await opened;
    ends.push(part.close.bind(part));
    part.close = never;
    return part;
  };
  const faults: string[] = [];
  const free = await freePort();
  const agent = await startAgent(config, {
    ...real,
    log: { ...log, warn: (text) => faults.push(text) },
    openOutbox: (options) => hangs(openOutbox(options)),
    openHistory: (options) => hangs(openHistory(options)),
    openEvidence: (options) => hangs(openEvidence(options)),
    openPublisher: (...args) => hangs(real.openPublisher(...args)),
    openHttp: () => ({ close: never }),
    openModbus: (to, deps) => {
      const modbus = openModbus({ ...to, modbus: modbusConfig({ port: free }) }, deps);
      ends.push(modbus.close);
      return { ...modbus, close: never };
    },
    loadModel: async () => ({ engine: fakeEngine({ delay: never }), calibration: null }),
  });
  await agent.started;
  const startedAtMs = performance.now();
  await agent.stop();
  assert.ok(performance.now() - startedAtMs < 5_000, `${performance.now() - startedAtMs} ms`);
  const parts = ["HTTP", "capture", "inference", "Modbus", "the connection to the broker", "the history", "the outbox"];
  for (const part of parts) {
    assert.ok(
      faults.some((fault) => fault.startsWith(part) && fault.includes("was not closed within")),
      `${part}: ${faults.join("; ")}`,
    );
  }
  for (const end of ends.reverse()) await end();
});

test("the embedded broker is closed where the publisher beside it cannot be opened", async () => {
  const config = { ...configOf([]), agent: { id: "two/levels" }, mqtt: mqttConfig({ url: "embedded" }) };
  const outbox = await testOutbox();
  const before = inUse();
  const opened = openMqtt(config, log, outbox, { port: 0 });
  assert.is(await opened.then(() => "opened", codeOf), "AGENT_ID_INVALID");
  await untilInUse(before);
  await outbox.close();
});

test.run();
