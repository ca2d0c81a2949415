import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { stormCamera, writeStormPictures } from "../soak/agents.js";
import { accountsThatDoNotAddUp } from "../soak/health.js";
import { temporaryFolder } from "../support/config.js";
import { startMosquitto, subscribe } from "../support/mosquitto.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("a wall clock that jumps");
const main = fileURLToPath(new URL("../../agent/main.cjs", import.meta.url));
const HOUR_MS = 3_600_000;

/** A module that sets a process's wall clock by what a file says, milliseconds from the truth. */
const clockModule = (file: string): string => `
import { readFileSync } from "node:fs";
const now = Date.now;
const offset = () => Number(readFileSync(${JSON.stringify(file)}, "utf8") || 0);
globalThis.Date = class extends Date {
  constructor(...args) {
    if (args.length === 0) super(now() + offset());
    else super(...args);
  }
  static now() {
    return now() + offset();
  }
};
`;

test("`retort run` goes on: no alert is lost, none gets longer, nothing is taken for a fault", async () => {
  const broker = await startMosquitto();
  const subscriber = await subscribe(broker.port, "retort/line-7/#");
  const folder = temporaryFolder();
  const [offset, module, file] = ["offset", "clock.mjs", "retort.yaml"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  // A machine without a battery for its clock.
  const at1970Ms = -Date.now();
  writeFileSync(offset, String(at1970Ms));
  writeFileSync(module, clockModule(offset));
  await writeStormPictures(join(folder, "pictures"));
  const config = {
    agent: { id: "line-7" },
    mqtt: { url: broker.url },
    models: { tiny: { path: await writeTinyBundle() } },
    cameras: [stormCamera(join(folder, "pictures"), 20)],
    alerts: { floodAbove: 0 },
    http: { port: 0 },
    state: { path: join(folder, "state") },
  };
  writeFileSync(file, stringify(config));
  const args = ["--import", pathToFileURL(module).href, main, "run", "--config", file];
  const agent = spawn(process.execPath, args, { stdio: "ignore" });
  const exit = once(agent, "exit");
  const alerts = () => subscriber.of("retort/line-7/storm/alert");
  const hoursOff = (ts: unknown) => Math.round((Date.parse(String(ts)) - Date.now()) / HOUR_MS);
  try {
    await until(() => alerts().length > 5, "alerts", 10_000);
    const [first] = alerts();
    assert.ok(String(first!.ts).startsWith("1970"));
    assert.is(first!.clock, "unsynchronised");
    for (const hours of [0, 2, -3, 24, 0]) {
      writeFileSync(offset, String(hours * HOUR_MS));
      await until(() => hoursOff(alerts().at(-1)!.ts) === hours, `an alert ${hours} hours off`);
      const before = alerts().length;
      await until(() => alerts().length > before + 10, "alerts go on");
    }
    assert.equal(
      alerts().map(({ seq }) => seq),
      alerts().map((_, index) => index + 1),
    );
    const longest = Math.max(...alerts().map(({ durationMs }) => Number(durationMs)));
    const shortest = Math.min(...alerts().map(({ durationMs }) => Number(durationMs)));
    assert.ok(shortest >= 0 && longest < 2_000, `alerts of ${shortest} to ${longest} ms`);
    assert.not(alerts().some(({ replayed }) => replayed));
    const states = subscriber.of("retort/line-7/storm/state").map(({ state }) => String(state));
    assert.not(states.includes("faulted") || states.includes("no-signal"), states.join(" "));
    await until(() => subscriber.of("retort/line-7/health").length > 0, "health", 12_000);
    const health = subscriber.of("retort/line-7/health");
    assert.equal(accountsThatDoNotAddUp("line-7", health), []);
    assert.equal((health.at(-1)!.outbox as { lost: object }).lost, {});
  } finally {
    agent.kill("SIGTERM");
    assert.is((await exit)[0], 0);
    await subscriber.stop();
    await broker.stop();
  }
});

test.run();
