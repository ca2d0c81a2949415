import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { writePng } from "../../models/pictures/images.js";
import { createRandom } from "../../models/random.js";
import { freePort } from "../support/mosquitto.js";

const main = fileURLToPath(new URL("../../agent/main.cjs", import.meta.url));

/** `retort run` in a process of its own, in one life after the other. */
export class AgentProcess {
  readonly id: string;
  readonly httpPort: number;
  readonly #configFile: string;
  readonly #logFile: string;
  #child: ChildProcess | null = null;
  /** Ends that nobody asked for. */
  crashes = 0;
  lives = 0;

  constructor(id: string, httpPort: number, configFile: string, logFile: string) {
    this.id = id;
    this.httpPort = httpPort;
    this.#configFile = configFile;
    this.#logFile = logFile;
  }

  start(): void {
    const log = createWriteStream(this.#logFile, { flags: "a" });
    const child = spawn(process.execPath, [main, "run", "--json", "--config", this.#configFile], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr!.pipe(log);
    this.#child = child;
    this.lives += 1;
    child.once("exit", () => {
      if (this.#child !== child) return;
      this.crashes += 1;
      this.start();
    });
  }

  /** Null while there is none. */
  get process(): { readonly pid: number; readonly httpPort: number } | null {
    const { httpPort } = this;
    const pid = this.#child?.pid;
    return pid === undefined ? null : { pid, httpPort };
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** @returns how long it took, ms */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return 0;
    const began = performance.now();
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
    return performance.now() - began;
  }
}

export interface AgentPlan {
  readonly id: string;
  readonly folder: string;
  readonly statePath: string;
  readonly brokerUrl: string;
  readonly cameras: readonly object[];
  readonly models: Readonly<Record<string, { readonly path: string }>>;
}

export async function prepareAgent(plan: AgentPlan): Promise<AgentProcess> {
  const { id, folder, statePath, brokerUrl, cameras, models } = plan;
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${id}.yaml`);
  const httpPort = await freePort();
  const config = {
    agent: { id },
    mqtt: { url: brokerUrl },
    models,
    cameras,
    alerts: { floodAbove: 0 },
    http: { port: httpPort },
    state: { path: statePath },
  };
  await writeFile(file, stringify(config));
  return new AgentProcess(id, httpPort, file, join(folder, `${id}.log`));
}

/** A camera that raises and clears an alert with every two pictures. */
export function stormCamera(path: string, fps: number): object {
  const alert = { raiseAfter: 1, clearAfter: 1, mergeWithinS: 0 };
  return { id: "storm", model: "tiny", source: { type: "images", path, loop: true }, fps, alert };
}

/** Pictures with noise, every second one with a bright spot; and one that is none. */
export async function writeStormPictures(folder: string): Promise<void> {
  const size = { width: 64, height: 64 };
  const random = createRandom(7);
  await mkdir(folder, { recursive: true });
  for (let index = 0; index < 40; index += 1) {
    const pixels = new Uint8Array(size.width * size.height * 3).map(() => 20 + random.int(60));
    if (index % 2 === 1) {
      for (let y = 20; y < 44; y += 1) pixels.fill(250, (y * size.width + 20) * 3, (y * size.width + 44) * 3);
    }
    await writePng(join(folder, `${String(index).padStart(2, "0")}.png`), pixels, size, 3);
  }
  await writeFile(join(folder, "40-broken.png"), "no picture");
}
