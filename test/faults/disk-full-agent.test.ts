import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { packageRoot } from "../../config/package-root.js";
import { stormCamera, writeStormPictures } from "../soak/agents.js";
import { temporaryFolder } from "../support/config.js";
import { startMosquitto, subscribe } from "../support/mosquitto.js";
import { bare } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("an agent whose disk somebody else fills");

/** Takes all that is left. */
function fill(file: string): void {
  for (const bytes of [1_048_576, 65_536, 4_096]) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(bytes, 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}

test("it judges and sends on, refuses what it cannot keep, starts anew there, and is well once there is room", async () => {
  const folder = temporaryFolder();
  const [disk, pictures, file] = [join(folder, "disk"), join(folder, "pictures"), join(folder, "line.yaml")];
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", disk], { stdio: "ignore" });
  } catch (error) {
    console.log(`skipped: no small disk can be mounted here (${String(error).split("\n", 1)[0]})`);
    return;
  }
  await writeStormPictures(pictures);
  const broker = await startMosquitto();
  const subscriber = await subscribe(broker.port, "retort/line-7/#");
  const config = {
    agent: { id: "line-7" },
    mqtt: { url: broker.url },
    models: { tiny: { path: await writeTinyBundle() } },
    cameras: [stormCamera(pictures, 20)],
    alerts: { floodAbove: 0 },
    http: { enabled: false },
    state: { path: join(disk, "state") },
  };
  writeFileSync(file, stringify(config));
  const main = join(packageRoot(), "dist/agent/main.cjs");
  const start = (): ChildProcess =>
    spawn(process.execPath, [main, "run", "--config", file], { env: bare({}), stdio: "ignore" });
  const end = async (agent: ChildProcess): Promise<number | null> => {
    agent.kill("SIGTERM");
    if (agent.exitCode === null) await once(agent, "exit");
    return agent.exitCode;
  };
  const seqs = (): number[] => subscriber.of("retort/line-7/storm/alert").map(({ seq }) => Number(seq));
  const more = async (what: string): Promise<void> => {
    const before = seqs().length;
    await until(() => seqs().length > before + 20, what, 20_000);
  };
  let asked = 0;
  const threshold = async (): Promise<Record<string, unknown>> => {
    asked += 1;
    const id = `t${asked}`;
    const command = JSON.stringify({ id, camera: "storm", threshold: 0.5 });
    const to = ["-h", "127.0.0.1", "-p", String(broker.port), "-q", "1", "-t", "retort/line-7/cmd/threshold"];
    execFileSync("mosquitto_pub", [...to, "-m", command]);
    const reply = () => subscriber.of("retort/line-7/reply/threshold").find((each) => each.id === id);
    await until(() => reply() !== undefined, "a reply");
    return reply()!;
  };
  let agent = start();
  try {
    await more("alerts");
    fill(join(disk, "filler"));
    await more("alerts on a full disk");
    // What the agent gives up is taken, too.
    let refused = await threshold();
    for (let tries = 0; refused.ok === true && tries < 100; tries += 1) {
      fill(join(disk, "filler"));
      refused = await threshold();
    }
    assert.equal([refused.ok, (refused.error as { code?: string } | undefined)?.code], [false, "SETTINGS_UNWRITABLE"]);
    await more("alerts with nothing left");
    assert.is(await end(agent), 0);

    fill(join(disk, "filler"));
    agent = start();
    await more("alerts of an agent that starts on a full disk");
    rmSync(join(disk, "filler"));
    await more("alerts with room");
    assert.is((await threshold()).ok, true);
    assert.is(await end(agent), 0);
    const apart = [...new Set(seqs())].sort((a, b) => a - b);
    assert.equal(
      apart,
      apart.map((_, index) => index + 1),
      "no alert is missing",
    );
  } finally {
    agent.kill("SIGKILL");
    await subscriber.stop();
    await broker.stop();
    execFileSync("umount", ["-l", disk]);
  }
});

test.run();
