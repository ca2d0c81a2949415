import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { brokerChecks } from "../../agent/doctor/broker.js";
import { diskCheck } from "../../agent/doctor/disk.js";
import { elementChecks, elementsOf } from "../../agent/doctor/elements.js";
import { listenerChecks } from "../../agent/doctor/listeners.js";
import { type VisionMachine, visionChecks } from "../../agent/doctor/vision.js";
import type { HttpConfig, ModbusConfig, SourceConfig } from "../../config/types.js";
import { cameraConfig, httpConfig, modbusConfig, mqttConfig, temporaryFolder } from "../support/config.js";
import { freePort } from "../support/mosquitto.js";
import { suite } from "../support/suite.js";

const test = suite("doctor");

test("the elements of a launch line: neither caps, nor pads, nor what is quoted", () => {
  const line =
    'filesrc location="/a ! b.mp4" ! decodebin ! video/x-raw(ANY) ! tee name=t ! appsink name=a drop=true t. ! videoscale ! appsink';
  assert.equal(elementsOf(line), ["filesrc", "decodebin", "tee", "appsink", "videoscale"]);
});

test("a missing element fails the camera that needs it, and is a note for sources nobody configured", async () => {
  const source: SourceConfig = { type: "v4l2", device: "/dev/video0" };
  const cameras = [cameraConfig("a"), cameraConfig("b", { source })];
  const has = async (name: string) => name !== "v4l2src" && name !== "bayer2rgb" && !name.startsWith("nv");
  const checks = await elementChecks(cameras, has, "jetson");
  const found = checks.map(({ level, path }) => `${level} ${path}`);
  assert.ok(found.includes("fail cameras.b.source"), found.join());
  assert.ok(found.includes("note source aravis"), found.join());
  assert.match(checks.find(({ path }) => path === "cameras.b.source")?.message ?? "", "v4l2src");
  const refused = cameraConfig("c", {
    source: { type: "gstreamer", launch: "x ! videorate drop-only=true", live: true },
  });
  const [first] = await elementChecks([refused], has);
  assert.equal([first?.level, first?.code], ["fail", "CAMERA_LAUNCH_REFUSED"]);
  const rejected = async (error: Error) =>
    (await elementChecks(cameras, () => Promise.reject(error))).map(({ level, code }) => `${level} ${code}`);
  const missing = Object.assign(new Error("spawn gst-inspect-1.0 ENOENT"), { code: "ENOENT" });
  assert.equal(await rejected(missing), ["fail GSTREAMER_MISSING"]);
  assert.equal(await rejected(new Error("gst-inspect-1.0 has not answered for 60 s")), ["fail GSTREAMER_SILENT"]);
});

test("room for the state is looked for where its directory will be made", async () => {
  const folder = temporaryFolder();
  assert.is((await diskCheck(join(folder, "not/yet/there"))).code, "DISK_OK");
  assert.equal(readdirSync(folder), [], "looking leaves nothing behind");
  assert.is((await diskCheck("/proc/nowhere")).level, "fail");
  writeFileSync(join(folder, "state"), "a file, which is no folder");
  assert.is((await diskCheck(join(folder, "state"))).code, "STATE_UNWRITABLE");
});

test("doctor: where the agent will listen is said; a port that another program has is a note, an address that is not this machine's fails", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const found = async (http: Partial<HttpConfig>, modbus: Partial<ModbusConfig>) => {
    const checks = await listenerChecks({ http: httpConfig(http), modbus: modbusConfig(modbus) });
    return checks.map(({ level, code, path }) => `${level} ${code} ${path}`);
  };
  const free = await freePort();
  assert.equal(await found({ port: "auto" }, { enabled: false }), []);
  assert.equal(await found({ port: free }, { enabled: true, port }), [
    "ok LISTENER_FREE http.port",
    "note MODBUS_PORT_TAKEN modbus.port",
  ]);
  assert.equal(await found({ port, host: "192.0.2.1" }, { enabled: false }), ["fail HTTP_FAILED http.port"]);
  other.close();
});

test("doctor: a GigE Vision camera needs Aravis, and a socket that holds its pictures", async () => {
  const source: SourceConfig = { type: "aravis", trigger: "off", width: 2_000, height: 1_000 };
  const cameras = [cameraConfig("a", { source })];
  const codes = async (machine: VisionMachine, of = cameras) =>
    (await visionChecks(of, machine)).map(({ level, code }) => `${level} ${code}`);
  const well = { load: () => undefined, setting: async () => "6000000\n" };
  assert.equal(await codes(well), ["ok ARAVIS_OK", "ok SOCKET_BUFFER_OK"]);
  const small = { ...well, setting: async () => "212992\n" };
  assert.equal(await codes(small), ["ok ARAVIS_OK", "note SOCKET_BUFFER_SMALL"]);
  assert.match((await visionChecks(cameras, small))[1]!.remedy, "net.core.rmem_max=6000000");
  const load = () => {
    throw new Error("no such library");
  };
  assert.equal(await codes({ ...well, load }), ["fail ARAVIS_MISSING", "ok SOCKET_BUFFER_OK"]);
  assert.equal(await codes({ ...well, load }, []), ["note ARAVIS_MISSING"]);
});

test("doctor: a broker on which a message comes back elsewhere, as RabbitMQ does with dots, is none that commands come through", async () => {
  const findings = { version: "3.1.1", retain: true, refusal: null, unsubscribed: [] } as const;
  const probe = async ({ base }: { readonly base: string }) => ({
    ...findings,
    heardOn: `${base.replaceAll(".", "/")}/doctor`,
  });
  const checks = (id: string) =>
    brokerChecks({ agent: { id }, mqtt: mqttConfig({ url: "mqtt://broker.plant" }) }, probe);
  const codes = async (id: string) => (await checks(id)).map(({ level, code }) => `${level} ${code}`);
  assert.equal(await codes("line-7.plant"), ["ok BROKER_REACHED", "fail MQTT_TOPIC_FOREIGN"]);
  assert.equal(await codes("line-7"), ["ok BROKER_REACHED"]);
});

test.run();
