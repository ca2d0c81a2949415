import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { SourceConfig } from "../../config/types.js";

const fakeCamera = "/usr/bin/arv-fake-gv-camera-0.8";

/** Why there is no fake camera to test against, or null. */
export function noVisionCamera(): string | null {
  if (!existsSync(fakeCamera)) return "no fake camera of Aravis on this machine";
  if (spawnSync("gst-inspect-1.0", ["aravissrc"], { stdio: "ignore" }).status !== 0) return "no aravissrc";
  // GigE Vision has one port for all: without a network of its own, the camera would meet others, and their programs.
  if (spawnSync("unshare", ["-rn", "true"], { stdio: "ignore" }).status !== 0) return "no network namespaces for us";
  return null;
}

export interface VisionRun {
  readonly source: SourceConfig;
  /** JavaScript in which `camera(source, fps, onEvent)` watches, and `done(result)` ends. */
  readonly script: string;
  readonly limitMs?: number;
}

/** Runs a script beside Aravis's fake GigE Vision camera, in a network of their own. @returns what it told `done` */
export async function withVisionCamera<T>({ source, script, limitMs = 20_000 }: VisionRun): Promise<T> {
  const module = JSON.stringify(new URL("../../agent/capture/camera.js", import.meta.url).href);
  const program = `
    import { spawn } from "node:child_process";
    import { BehaviorSubject } from "rxjs";
    import { watchCamera } from ${module};
    const source = ${JSON.stringify(source)};
    const watched = [];
    const done = (result) => {
      for (const one of watched) one.unsubscribe();
      console.log("RESULT " + JSON.stringify(result));
    };
    const camera = (source, wanted$, fps, onEvent) => watched.push(watchCamera({
      camera: { id: "cam", model: "m", enabled: true, source, fps, roi: { x: 0, y: 0, width: 1, height: 1 } },
      input: { width: 64, height: 64 }, demand$: wanted$,
    }).subscribe(onEvent));
    ${script}
  `;
  // The camera dies with the shell's process group, which is ours to end.
  const shell = `ip link set lo up; ${fakeCamera} -i 127.0.0.1 >/dev/null 2>&1 & sleep 0.3; exec "$@"`;
  const command = ["-rn", "sh", "-c", shell, "sh", process.execPath, "--input-type=module", "-e", program];
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
