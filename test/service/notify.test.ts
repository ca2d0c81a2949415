import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Notify, openNotify } from "../../agent/service/notify.js";
import { openService } from "../../agent/service/service.js";
import { type Fares, statusLine } from "../../agent/service/status-line.js";
import { temporaryFolder } from "../support/config.js";
import { notifySocket } from "../support/notify-socket.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("what systemd is told");
const troubles: string[] = [];
test.before.each(() => {
  troubles.length = 0;
});

function open(env: NodeJS.ProcessEnv): Notify | null {
  return openNotify({ env, pid: 42, onTrouble: (reason) => troubles.push(reason) });
}

const names = {
  "a path": () => join(temporaryFolder(), "notify"),
  "an abstract name": () => `@retort-test-${process.pid}-${performance.now()}`,
};
for (const [kind, name] of Object.entries(names)) {
  test(`it arrives at ${kind}, and no child process inherits the socket's name`, async () => {
    const address = name();
    const socket = await notifySocket(address);
    const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: "30000000", WATCHDOG_PID: "42", PATH: "/bin" };
    const notify = open(env);
    try {
      notify?.say({ READY: 1, STATUS: "3 cameras, ß" });
      await until(() => socket.heard.length > 0, "the datagram");
      assert.equal(socket.heard, ["READY=1\nSTATUS=3 cameras, ß"]);
      assert.is(notify?.watchdogMs, 30_000);
      assert.equal(env, { PATH: "/bin" } as unknown as typeof env);
      assert.equal(troubles, []);
    } finally {
      await socket.close();
    }
  });
}

test("where nobody asks, nothing happens", () => {
  assert.is(open({}), null);
  assert.is(open({ NOTIFY_SOCKET: "" }), null);
  const service = openService(null);
  service.watch({ up: Promise.resolve(), fares: () => ({ ...fares, cameras: [] }) });
  service.stopping();
  assert.equal(troubles, []);
});

test("a watchdog that is meant for another process is not fed", () => {
  const NOTIFY_SOCKET = join(temporaryFolder(), "nobody");
  assert.is(open({ NOTIFY_SOCKET, WATCHDOG_USEC: "1000", WATCHDOG_PID: "7" })?.watchdogMs, null);
  assert.is(open({ NOTIFY_SOCKET, WATCHDOG_USEC: "1000" })?.watchdogMs, 1);
  assert.is(open({ NOTIFY_SOCKET, WATCHDOG_USEC: "soon" })?.watchdogMs, null);
});

test("an address that cannot be used, or at which nobody listens, is reported once and stops nothing", () => {
  for (const name of ["vsock:2:1234", "relative", "@", `/${"x".repeat(200)}`])
    assert.is(open({ NOTIFY_SOCKET: name }), null);
  assert.is(troubles.length, 4);
  const notify = open({ NOTIFY_SOCKET: join(temporaryFolder(), "nobody") });
  notify?.say({ READY: 1 });
  notify?.say({ WATCHDOG: 1 });
  assert.is(troubles.length, 5);
  assert.match(troubles[4]!, "ENOENT");
});

const camera = { id: "cam1", enabled: true, delivers: true, state: "ok", reason: null };
const fares: Fares = { cameras: [camera], models: ["plate"], brokerConnected: true, stuck: [] };

test("the status is one line, with what is wrong, without secrets", () => {
  assert.is(statusLine(fares), "1 of 1 cameras deliver, model plate");
  const away = {
    ...camera,
    id: "cam2",
    delivers: false,
    state: "no-signal",
    reason: "rtsp://kim:hunter2@cam: no\nroute",
  };
  const off = { ...camera, id: "cam3", enabled: false, state: "disabled" };
  const stuck = [{ what: "cameras.cam1", reason: "2 frames were captured and not judged for 150 s" }];
  assert.is(
    statusLine({ cameras: [camera, away, off], models: [], brokerConnected: false, stuck }),
    "1 of 2 cameras deliver, models none; cameras.cam1 is stuck: 2 frames were captured and not judged for 150 s; cam2 no-signal: rtsp://***@cam: no route; the broker is away",
  );
  assert.ok(statusLine({ ...fares, models: ["m".repeat(9_000)] }).length <= 400);
});

test("more time is asked for until the agent is up; then it is ready, and the watchdog is fed while nothing is stuck", async () => {
  const said: Readonly<Record<string, string | number>>[] = [];
  const service = openService({ watchdogMs: 30, say: (what) => said.push(what) > 0 });
  const has = (key: string) => said.filter((each) => key in each).length;
  const keepAlive = setInterval(() => undefined, 1_000);
  let stuck: Fares["stuck"] = [];
  let isUp = (): void => undefined;
  try {
    service.watch({ up: new Promise((resolve) => (isUp = resolve)), fares: () => ({ ...fares, stuck }) });
    await until(() => has("EXTEND_TIMEOUT_USEC") > 2, "more time");
    assert.equal([has("READY"), has("WATCHDOG")], [0, 0]);
    isUp();
    await until(() => has("WATCHDOG") > 2, "the watchdog is fed");
    assert.is(has("READY"), 1);
    const extended = has("EXTEND_TIMEOUT_USEC");
    stuck = [{ what: "cameras.cam1", reason: "nothing" }];
    await until(() => String(said.at(-1)?.STATUS).includes("is stuck"), "the status");
    const fed = has("WATCHDOG");
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.is(has("WATCHDOG"), fed);
    stuck = [];
    await until(() => has("WATCHDOG") > fed, "it is fed again");
    assert.is(has("EXTEND_TIMEOUT_USEC"), extended);
  } finally {
    service.stopping();
    clearInterval(keepAlive);
  }
  assert.equal(said.at(-1), { STOPPING: 1, STATUS: "stopping" });
});

test("a service manager that is too busy to hear that the agent is ready is told again until it has", async () => {
  const said: Readonly<Record<string, string | number>>[] = [];
  const heard: typeof said = [];
  let isBusy = true;
  const service = openService({
    watchdogMs: 30,
    say: (what) => {
      (isBusy ? said : heard).push(what);
      return !isBusy;
    },
  });
  const keepAlive = setInterval(() => undefined, 1_000);
  try {
    service.watch({ up: Promise.resolve(), fares: () => fares });
    await until(() => said.some(({ READY }) => READY === 1), "it is said");
    isBusy = false;
    await until(() => heard.length > 2, "it is heard");
    assert.equal([heard[0]!.READY, heard[0]!.STATUS, heard[1]!.READY], [1, statusLine(fares), undefined]);
  } finally {
    service.stopping();
    clearInterval(keepAlive);
  }
});

test.run();
