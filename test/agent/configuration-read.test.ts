/** What nobody reads cannot be declared: an agent with every kind of source reads every setting that the schema has. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { startAgent } from "../../agent/agent.js";
import { watchCamera } from "../../agent/capture/camera.js";
import type { Aravis } from "../../agent/capture/vision/aravis.js";
import { openDevice } from "../../agent/capture/vision/device.js";
import { httpOpener } from "../../agent/http/opener.js";
import { modbusOpener } from "../../agent/modbus/opener.js";
import { openMqtt } from "../../agent/mqtt/open.js";
import { sparkplugOpener } from "../../agent/sparkplug/opener.js";
import { conforms, type Node } from "../../config/declare.js";
import { schema } from "../../config/schema.js";
import { isTree, join as joinPath } from "../../config/tree.js";
import type { AravisSource } from "../../config/types.js";
import { temporaryFolder } from "../support/config.js";
import { load } from "../support/config-machine.js";
import { freePort } from "../support/mosquitto.js";
import { suite } from "../support/suite.js";
import { writeTinyBundle } from "../support/tiny-bundle.js";
import { until } from "../support/until.js";

const test = suite("every setting is read");
const kinds = Object.keys(schema.keys.cameras.each.keys.source.kinds);

/** Settings by their names, items of lists and mappings alike: `cameras.fps`, `cameras.source.rtsp.url`. */
function declared(node: Node, path = ""): readonly string[] {
  switch (node.kind) {
    case "leaf":
      return [path];
    case "section":
      return Object.entries(node.keys).flatMap(([key, child]) => declared(child, joinPath(path, key)));
    case "names":
    case "list":
      return declared(node.each, path);
    case "variants":
      return Object.entries(node.kinds).flatMap(([type, kind]) => declared(kind, joinPath(path, type)));
  }
}

/** A copy whose settings, each time they are read, are noted in `reads`. */
function watched(node: Node, value: unknown, reads: Set<string>, path = ""): unknown {
  if (node.kind === "list" && Array.isArray(value)) return value.map((each) => watched(node.each, each, reads, path));
  if (node.kind === "leaf" || !isTree(value)) return value;
  const keys: Readonly<Record<string, Node>> =
    node.kind === "section" ? node.keys : node.kind === "variants" ? node.kinds[String(value.type)]!.keys : {};
  const at = node.kind === "variants" ? joinPath(path, String(value.type)) : path;
  const copy = {};
  for (const [key, child] of Object.entries(value)) {
    const below = node.kind === "names" ? node.each : keys[key];
    const name = node.kind === "names" ? path : joinPath(at, key);
    const inside = below === undefined ? child : watched(below, child, reads, name);
    const get = () => {
      if (below?.kind === "leaf") reads.add(name);
      return inside;
    };
    Object.defineProperty(copy, key, { get, enumerable: true });
  }
  return copy;
}

/** Answers everything, as a camera that has every feature. */
const anyCamera = new Proxy({} as Aravis, {
  get: (_, name) =>
    name === "pixelFormats" ? async () => ["BayerRG8"] : name === "isNetworked" ? () => false : async () => 16,
});

test("nothing is declared that no part of an agent reads", async () => {
  const bundle = await writeTinyBundle();
  const password = join(temporaryFolder(), "password");
  writeFileSync(password, "p\n");
  const size = "width: 64, height: 64";
  const sources: Readonly<Record<string, string>> = {
    images: `path: ${temporaryFolder()}`,
    file: "path: /nowhere.mp4",
    v4l2: `device: /dev/nowhere, ${size}, format: MJPG`,
    csi: `${size}, framerate: 5`,
    rtsp: `url: 'rtsp://127.0.0.1:1/s', username: u, passwordFile: ${password}`,
    aravis: `camera: none, trigger: hardware, triggerSource: Line1, exposureUs: 5, gain: 1, format: bayer, ${size}`,
    gstreamer: "launch: nosuchelement",
  };
  const cameras = kinds.map((type) => `  - {id: ${type}, model: m, source: {type: ${type}, ${sources[type] ?? ""}}}\n`);
  const config = load(`version: 1
mqtt: { url: "mqtt://127.0.0.1:1" }
models: { m: { path: ${bundle}, lowered: { int8: ${bundle}, fp16: ${bundle} }, selfTest: { path: demo } } }
cameras:
${cameras.join("")}
http: { port: 0 }
modbus: { enabled: true, port: ${await freePort()} }
sparkplug: { enabled: true }
homeAssistant: { enabled: true }
inference: { precision: auto }
state: { path: ${join(temporaryFolder(), "state")} }
`);
  const reads = new Set<string>();
  const seen = watched(schema, config, reads);
  assert.ok(conforms(schema, seen));
  reads.clear();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const agent = await startAgent(seen, {
    watchCamera,
    log,
    openHttp: await httpOpener(seen),
    openModbus: await modbusOpener(seen),
    openSparkplug: await sparkplugOpener(seen),
    openPublisher: (_, __, outbox) => openMqtt(seen, log, outbox),
  });
  try {
    const source = seen.cameras
      .map((camera) => camera.source)
      .find((each): each is AravisSource => each.type === "aravis");
    await openDevice(anyCamera, source!, 5);
    const unread = () => declared(schema).filter((path) => !reads.has(path));
    await until(() => unread().length === 0, "every setting is read", 20_000).catch(() => assert.equal(unread(), []));
  } finally {
    await agent.stop();
  }
});

test.run();
