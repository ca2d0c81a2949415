import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { packageRoot } from "../../config/package-root.js";
import { freePort, type Mosquitto, startMosquitto } from "../support/mosquitto.js";
import { startProxy, type Proxy as Wire } from "../support/proxy.js";
import { startRtspServer } from "../support/rtsp-server.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { type AgentProcess, prepareAgent, stormCamera, writeStormPictures } from "./agents.js";
import type { Witness } from "./witness.js";

export interface UpAndDown {
  up(): Promise<void>;
  down(): Promise<void>;
}

/** A small plant: a broker behind a wire, a camera on the network, two agents. */
export interface Site {
  readonly broker: UpAndDown & { readonly port: number };
  readonly wire: Wire;
  /** Null where the machine has no RTSP server. */
  readonly camera: UpAndDown | null;
  /** Meets every fault but its own death: its memory tells of leaks. */
  readonly steady: AgentProcess;
  /** Is killed. */
  readonly mortal: AgentProcess;
  /** A small file system with the steady agent's state, null where none may be mounted. */
  readonly disk: string | null;
  close(): Promise<void>;
}

/** @param options.calm whether all cameras are well */
export async function openSite(folder: string, witness: Witness, { calm }: { readonly calm: boolean }): Promise<Site> {
  const port = await freePort();
  const wire = await startProxy(port);
  let mosquitto: Mosquitto | null = null;
  const broker = {
    port,
    up: async () => {
      mosquitto = await startMosquitto(port);
      // The witness first: what the broker takes before it would be nobody's.
      await witness.listen(port);
      wire.open = true;
    },
    down: async () => {
      wire.open = false;
      await mosquitto?.stop("SIGKILL");
      mosquitto = null;
      await witness.drain();
      wire.cut();
    },
  };
  wire.open = false;
  await broker.up();
  const camera = await rtspCamera();
  const disk = smallDisk(join(folder, "disk"));
  const pictures = join(folder, "pictures");
  await writeStormPictures(pictures);
  const models = { tiny: { path: await writeTinyBundle() }, demo: { path: join(packageRoot(), "models/demo") } };
  const common = { folder, brokerUrl: wire.url, models };
  const live = (launch: string) => ({ type: "gstreamer", launch, live: true });
  const picture = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=160,height=120,framerate=10/1";
  const absent = `filesrc location=${join(folder, "nothing.mkv")} ! decodebin`;
  const unwell = [
    { id: "breaks", model: "tiny", source: live(`${picture} ! identity error-after=20`), fps: 10 },
    // A `file` source that is not there would be refused at the start.
    { id: "absent", model: "tiny", source: { type: "gstreamer", launch: absent, live: false }, fps: 10 },
  ];
  const steady = await prepareAgent({
    ...common,
    id: "steady",
    statePath: join(disk ?? folder, "steady"),
    cameras: [
      { id: "belt", model: "demo", source: { type: "demo" }, fps: 4, parts: { per: { frames: 6 } } },
      stormCamera(pictures, 10),
      ...(calm ? [] : unwell),
      ...(camera === null ? [] : [{ id: "net", model: "tiny", source: { type: "rtsp", url: camera.url }, fps: 10 }]),
    ],
  });
  const mortal = await prepareAgent({
    ...common,
    id: "mortal",
    statePath: join(folder, "mortal"),
    cameras: [stormCamera(pictures, 20)],
  });
  return {
    broker,
    wire,
    camera,
    steady,
    mortal,
    disk,
    close: async () => {
      await Promise.all([steady.end("SIGTERM"), mortal.end("SIGTERM"), camera?.down()]);
      await broker.down();
      await wire.close();
      if (disk !== null) execFileSync("umount", [disk]);
    },
  };
}

async function rtspCamera(): Promise<(UpAndDown & { readonly url: string }) | null> {
  const first = await startRtspServer();
  if (first === null) return null;
  let child = first.child;
  return {
    url: `rtsp://127.0.0.1:${first.port}/line`,
    up: async () => {
      child = (await startRtspServer(first.port))?.child ?? child;
    },
    down: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    },
  };
}

/** 96 MB in memory, null where this user may not mount it. */
function smallDisk(folder: string): string | null {
  try {
    execFileSync("mkdir", ["-p", folder]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=96m,mode=0700", "tmpfs", folder], { stdio: "ignore" });
    return folder;
  } catch (error) {
    console.log(`skipped: no full disk, since none can be mounted here (${String(error).split("\n", 1)[0]})`);
    return null;
  }
}
