import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface RtspServer {
  readonly child: ChildProcess;
  readonly port: string;
  /** Names of its streams: see test/fixtures/rtsp-server.py. */
  readonly streams: readonly string[];
}

/** A real RTSP server on loopback. @param port 0 for any @returns null where the machine lacks the packages */
export async function startRtspServer(port = "0"): Promise<RtspServer | null> {
  const script = fileURLToPath(new URL("../../../test/fixtures/rtsp-server.py", import.meta.url));
  const child = spawn("/usr/bin/python3", [script, port], { stdio: ["ignore", "pipe", "ignore"] });
  const words = await Promise.race([
    once(child.stdout, "data").then(([data]) => String(data).trim().split(" ")),
    once(child, "exit").then(() => []),
    once(child, "error").then(() => []),
  ]);
  const [bound, ...streams] = words;
  return bound === undefined ? null : { child, port: bound, streams };
}
