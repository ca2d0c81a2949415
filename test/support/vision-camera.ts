import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { SourceConfig } from "../../config/types.js";

const fakeCamera = "/usr/bin/arv-fake-gv-camera-0.8";

/** Why there is no fake camera to test against, or null. */
export function noVisionCamera(): string | null {
  if (!existsSync(fakeCamera)) return "no fake camera of Aravis on this machine";
  // GigE Vision has one port for all: without a network of its own, the camera would meet others, and their programs.
  if (spawnSync("unshare", ["-rn", "true"], { stdio: "ignore" }).status !== 0) return "no network namespaces for us";
  return null;
}

export interface VisionRun {
  readonly source: SourceConfig;
  /**
   * JavaScript: `plugIn()` starts the camera and yields its process, `watch(wanted$, fps, deps)` watches it and yields what it told so
   * far (`frames`, `events`, `conditions`), `until(condition)` waits, `done(result)` ends.
   */
  readonly script: string;
  /** Without the right to read packets past the kernel's own buffers. */
  readonly plainSockets?: boolean;
  readonly limitMs?: number;
}

/** Runs a script beside Aravis's fake GigE Vision camera, in a network of their own. @returns what it told `done` */
export async function withVisionCamera<T>(run: VisionRun): Promise<T> {
  const { source, script, plainSockets = false, limitMs = 30_000 } = run;
  const [module, helper] = ["../../agent/capture/camera.js", "./until.js"].map((path) =>
    JSON.stringify(new URL(path, import.meta.url).href),
  );
  const program = `
    import { spawn } from "node:child_process";
    import { BehaviorSubject } from "rxjs";
    import { watchCamera } from ${module};
    import { until as eventually } from ${helper};
    const subscriptions = [];
    const done = (result) => {
      for (const one of subscriptions) one.unsubscribe();
      console.log("RESULT " + JSON.stringify(result));
    };
    const until = (condition) => eventually(condition, condition.toString(), 15_000);
    const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const plugIn = () => spawn(${JSON.stringify(fakeCamera)}, ["-i", "127.0.0.1"], { stdio: "ignore" });
    function watch(wanted$, fps = 100, deps = {}) {
      const events = [];
      subscriptions.push(watchCamera({
        camera: { id: "cam", model: "m", enabled: true, source: ${JSON.stringify(source)}, fps, noSignalAfterS: "auto",
          roi: { x: 0, y: 0, width: 1, height: 1 } },
        input: { width: 64, height: 64 }, demand$: wanted$,
      }, deps).subscribe((event) => {
        if (event.kind === "condition") console.error(event.condition + ": " + event.reason);
        events.push(event);
      }));
      return {
        events,
        get frames() { return events.filter(({ kind }) => kind === "frame").map(({ frame }) => frame); },
        get conditions() { return events.filter(({ kind }) => kind === "condition").map(({ condition }) => condition); },
      };
    }
    ${script}
  `;
  // The camera dies with the shell's process group, which is ours to end.
  const less = plainSockets ? ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"] : [];
  const node = [...less, process.execPath, "--input-type=module", "-e", program];
  const command = ["-rn", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", ...node];
  const env = { ...process.env, UV_THREADPOOL_SIZE: "16" };
  const child = spawn("unshare", command, { stdio: ["ignore", "pipe", "pipe"], detached: true, env });
  let said = "";
  const result = new Promise<T>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      said += chunk.toString();
      const line = /^RESULT (.*)$/m.exec(said);
      if (line !== null) resolve(JSON.parse(line[1]!) as T);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.once("exit", () => reject(new Error(`it ended; it said: ${said}`)));
    setTimeout(() => reject(new Error(`no result within ${limitMs} ms; it said: ${said}`)), limitMs).unref();
  });
  try {
    return await result;
  } finally {
    await end(child);
  }
}

async function end(child: ChildProcess): Promise<void> {
  const gone = child.exitCode === null && child.signalCode === null ? once(child, "exit") : null;
  process.kill(-child.pid!, "SIGKILL");
  await gone;
}
