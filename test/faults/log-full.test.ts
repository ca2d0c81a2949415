import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { packageRoot } from "../../config/package-root.js";
import { stormCamera, writeStormPictures } from "../soak/agents.js";
import { temporaryFolder } from "../support/config.js";
import { bare } from "../support/retort.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("an agent whose log goes to a full disk");
const main = join(packageRoot(), "dist/agent/main.cjs");

for (const flags of [[], ["--json"]]) {
  test(`it runs, and its log goes on once there is room${flags.map((flag) => `, with ${flag}`).join("")}`, async () => {
    const folder = temporaryFolder();
    const [disk, pictures, file] = [join(folder, "disk"), join(folder, "pictures"), join(folder, "line.yaml")];
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", disk], { stdio: "ignore" });
    } catch (error) {
      console.log(`skipped: no small disk can be mounted here (${String(error).split("\n", 1)[0]})`);
      return;
    }
    let agent: ChildProcess | null = null;
    try {
      await writeStormPictures(pictures);
      const config = {
        mqtt: { url: "embedded" },
        models: { tiny: { path: await writeTinyBundle() } },
        cameras: [stormCamera(pictures, 20)],
        http: { enabled: false },
        state: { path: join(folder, "state") },
      };
      writeFileSync(file, stringify(config));
      const filler = join(disk, "filler");
      assert.throws(() => appendFileSync(filler, Buffer.alloc(131_072, 1)), /ENOSPC/);
      const log = openSync(join(disk, "log"), "a");
      agent = spawn(process.execPath, [main, "run", ...flags, "--config", file], {
        env: bare({}),
        stdio: ["ignore", log, log],
      });
      closeSync(log);
      const ended = once(agent, "exit");
      // Of its alerts, whose pictures it draws by then.
      const isJudging = (): boolean => existsSync(join(folder, "state/evidence")) || agent?.exitCode !== null;
      await until(isJudging, "an alert is kept", 20_000);
      assert.is(agent.exitCode, null);
      rmSync(filler);
      agent.kill("SIGTERM");
      assert.equal(await ended, [0, null]);
      const text = readFileSync(join(disk, "log"), "utf8");
      assert.match(text, "SIGTERM: stopping");
      assert.match(text, /[1-9]\d* lines could not be written before this one/);
    } finally {
      agent?.kill("SIGKILL");
      execFileSync("umount", ["-l", disk]);
    }
  });
}

test.run();
