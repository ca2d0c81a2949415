import * as assert from "uvu/assert";
import { type RunningAgent, startAgent } from "../../agent/agent.js";
import { topics } from "../../agent/contract/topics.js";
import { modbusOpener } from "../../agent/modbus/opener.js";
import { fakeCamera } from "../fakes/camera.js";
import { of, rig } from "../support/agent-rig.js";
import { cameraConfig, configOf, modbusConfig } from "../support/config.js";
import { poll } from "../support/modbus.js";
import { freePort } from "../support/mosquitto.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

/** A PLC at a whole agent, whose camera and engine are fakes. */
const test = suite("Modbus on a running agent");
let agent: RunningAgent | undefined;
test.after(() => agent?.stop());

test("a PLC reads the verdicts that MQTT has, by the same number; its connection ends with the agent", async () => {
  const port = await freePort();
  const parts = { ...cameraConfig("cam1").parts, per: "frame" } as const;
  const config = configOf([cameraConfig("cam1", { parts })], { modbus: modbusConfig({ port }) });
  const { deps, sent, lines } = rig([fakeCamera("cam1", [10, 250, 10])], ["cam1"], {
    openModbus: await modbusOpener(config),
  });
  agent = await startAgent(config, deps);
  const verdicts = () => of<{ seq: number; verdict: string }>(sent, topics.verdict("cam1"));
  await until(() => verdicts().length === 3, "three verdicts");
  assert.equal((await poll(port, "holding", 1_000, 6)).values, [1, 2, 0, 3, 1, 1]);
  assert.equal((await poll(port, "holding", 1_010 + 14, 3)).values, [2, 2, 2], "the bad one before it");
  assert.equal(
    verdicts().map(({ seq, verdict }) => [seq, verdict]),
    [
      [1, "ok"],
      [2, "ng"],
      [3, "ok"],
    ],
  );
  const healths = () => of<{ modbus: { listening: boolean; requests: number } }>(sent, topics.health);
  await until(() => healths().at(-1)?.modbus.requests === 2, "health tells of it");
  await agent.stop();
  assert.match((await poll(port, "holding", 0, 1)).said, "onnection");
  assert.ok(lines.some((line) => line.startsWith("Modbus/TCP on 127.0.0.1:")));
});

test.run();
