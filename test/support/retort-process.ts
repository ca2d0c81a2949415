import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { packageRoot } from "../../config/package-root.js";
import { writePng } from "../../models/pictures/images.js";
import { stormCamera, writeStormPictures } from "../soak/agents.js";
import { temporaryFolder } from "./config.js";
import { bare } from "./retort.js";
import { writeTinyBundle } from "./tiny-bundle.js";
import { until } from "./until.js";

/** `retort run` in a process of its own. */
export interface RetortProcess {
  /** Of HTTP, with a slash at its end. */
  readonly url: string;
  /** SIGTERM; the exit status. */
  stop(): Promise<number | null>;
}

/** An agent whose one camera, `storm`, looks at pictures: every second part is bad, one in 41 cannot be read; its model is tested. */
export async function startRetort({
  broker,
  fps,
}: {
  readonly broker: string;
  readonly fps: number;
}): Promise<RetortProcess> {
  const folder = temporaryFolder();
  const [pictures, golden] = [join(folder, "pictures"), join(folder, "golden")];
  await writeStormPictures(pictures);
  mkdirSync(golden);
  const size = { width: 16, height: 16 };
  await writePng(join(golden, "white.png"), new Uint8Array(16 * 16 * 3).fill(250), size, 3);
  const file = join(folder, "line.yaml");
  const config = {
    agent: { id: "line-7" },
    mqtt: { url: broker },
    models: { tiny: { path: await writeTinyBundle(), selfTest: { path: golden } } },
    cameras: [stormCamera(pictures, fps)],
    alerts: { floodAbove: 0 },
    http: { port: 0 },
    state: { path: join(folder, "state") },
  };
  writeFileSync(file, stringify(config));
  const main = join(packageRoot(), "dist/agent/main.cjs");
  const child = spawn(process.execPath, [main, "run", "--json", "--config", file], {
    env: bare({}),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const told = () => /live view: (http:\S+\/)/.exec(log)?.[1];
  try {
    await until(() => told() !== undefined || child.exitCode !== null, "the agent's address", 30_000);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  const url = told();
  if (url === undefined) throw new Error(`the agent ended: ${log}`);
  const stop = () => {
    child.kill("SIGTERM");
    return closed;
  };
  return { url, stop };
}
