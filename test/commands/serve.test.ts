import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Subject } from "rxjs";
import * as assert from "uvu/assert";
import type { Handler } from "../../agent/commands/handler.js";
import { type CommandService, serveCommands } from "../../agent/commands/serve.js";
import type { CommandRecord } from "../../agent/contract/command-record.js";
import type { Command } from "../../agent/contract/inbound.js";
import type { CommandOutcome } from "../../agent/contract/payloads.js";
import { openValidator } from "../../agent/contract/validator.js";
import { CodedError } from "../../errors.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("commands served");
const validate = openValidator();
let service: CommandService | undefined;
test.after.each(() => service?.close());

interface Served {
  /** Every reply, in order, as `id code`; `ok` where it was done. */
  readonly replies: string[];
  readonly records: CommandRecord[];
  send(id: string, args?: object, command?: string, rest?: Partial<Command>): void;
  passMs(ms: number): void;
}

/** One command that there is: `enable`. */
function serve(run: Handler["run"], limitMs = 5_000): Served {
  const command$ = new Subject<Command>();
  const replies: string[] = [];
  const records: CommandRecord[] = [];
  let nowMs = 0;
  service = serveCommands(command$, {
    handlers: { enable: { run, limitMs: () => limitMs } },
    validate,
    clock: { monotonicMs: () => nowMs, wallMs: () => Date.parse("2026-03-01T08:00:00.000Z") + nowMs },
    onDone: (record) => records.push(record),
  });
  const say = (id: string, outcome: CommandOutcome) =>
    replies.push(`${id} ${outcome.ok ? `ok ${JSON.stringify(outcome.result)}` : outcome.code}`);
  return {
    replies,
    records,
    send: (id, args = {}, command = "enable", rest = {}) =>
      command$.next({
        command,
        id,
        args: { id, camera: "c", ...args },
        via: "mqtt",
        by: null,
        fault: null,
        reply: (outcome) => say(id, outcome),
        ...rest,
      }),
    passMs: (ms) => {
      nowMs += ms;
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("what is no command, and what its schema refuses, is told and not done", async () => {
  let done = 0;
  const { send, replies } = serve(() => (done += 1));
  send("1", {}, "format-disk");
  send("2", { camera: 7 });
  send("3", { camrea: "c" });
  send("4");
  await settled();
  assert.equal(replies, ["1 COMMAND_UNKNOWN", "2 COMMAND_INVALID", "3 COMMAND_INVALID", "4 ok 1"]);
});

test("a handler that throws answers, with its code where it has one; the next command is done", async () => {
  const { send, replies, records } = serve(({ camera }) => {
    if (camera === "coded") throw new CodedError("CAMERA_UNKNOWN", "no", { remedy: "Look." });
    if (camera === "null") throw null;
    if (camera === "bare") return Promise.reject(new Error("boom"));
    return 0;
  });
  for (const camera of ["coded", "bare", "null", "c"]) send(camera, { camera });
  await settled();
  assert.equal(replies.sort(), ["bare COMMAND_FAILED", "c ok 0", "coded CAMERA_UNKNOWN", "null COMMAND_FAILED"]);
  const failed = records.flatMap(({ error }) => (error?.code === "COMMAND_FAILED" ? [error.message] : []));
  assert.equal(failed.sort(), ["boom", "null"]);
});

const byId = (a: readonly unknown[], b: readonly unknown[]) => String(a[1]).localeCompare(String(b[1]));

test("each command leaves one record: who asked, for what, and what came of it", async () => {
  const { send, records, passMs } = serve(async ({ camera }) => {
    if (camera === "x") throw new CodedError("CAMERA_UNKNOWN", "no", { remedy: "Look." });
    passMs(40);
    return { camera, enabled: true, kept: "/var/lib/retort" };
  });
  send("1", { by: "kim" }, "enable", { by: "line-control" });
  await settled();
  assert.equal(records, [
    {
      ts: "2026-03-01T08:00:00.000Z",
      command: "enable",
      id: "1",
      by: "kim",
      via: "mqtt",
      args: { camera: "c" },
      ok: true,
      result: { enabled: true },
      error: null,
      durationMs: 40,
    },
  ]);
  send("1", { by: "kim" });
  await settled();
  assert.is(records.length, 1, "the same command, delivered again");
  send("2", { camera: "x" }, "enable", { by: "line-control", via: "http" });
  send("3", { camera: 7, by: { password: "hunter2" } });
  send("4", {}, "format-disk");
  const fault = new CodedError("COMMAND_RETAINED", "a retained command is refused", { remedy: "Clear it." });
  send("5", { anything: "hunter2" }, "enable", { id: null, fault });
  await settled();
  assert.equal(
    records
      .slice(1)
      .map(({ command, id, by, via, args, error }) => [command, id, by, via, args, error?.code])
      .sort(byId),
    [
      ["format-disk", "4", null, "mqtt", null, "COMMAND_UNKNOWN"],
      ["enable", "3", null, "mqtt", null, "COMMAND_INVALID"],
      ["enable", null, null, "mqtt", null, "COMMAND_RETAINED"],
      ["enable", "2", "line-control", "http", { camera: "x" }, "CAMERA_UNKNOWN"],
    ].sort(byId),
  );
});

test("one that never ends is answered in time, once, and told to stop", async () => {
  let signal: AbortSignal | undefined;
  const { send, replies } = serve((_, given) => {
    signal = given.signal;
    return new Promise((resolve) => given.signal.addEventListener("abort", () => resolve("too late")));
  }, 20);
  send("1");
  await until(() => replies.length > 0, "the reply");
  await settled();
  assert.equal(replies, ["1 COMMAND_TIMEOUT"]);
  assert.ok(signal!.aborted);
});

test("a command that comes again under its id is answered again, not done again; later it is another", async () => {
  let done = 0;
  const { send, replies, passMs } = serve(async () => {
    await settled();
    return (done += 1);
  });
  send("1");
  send("1");
  await until(() => replies.length === 2, "two replies");
  send("1");
  send("1", { camera: "d" });
  await until(() => replies.length === 4, "four replies");
  assert.equal(replies.sort(), ["1 COMMAND_ID_REUSED", "1 ok 1", "1 ok 1", "1 ok 1"]);
  passMs(11 * 60_000);
  send("1");
  await until(() => replies.length === 5, "the fifth reply");
  assert.is(replies[4], "1 ok 2");
});

test("more at once than can be carried out are refused; when the agent stops, all are answered", async () => {
  const { send, replies } = serve(() => new Promise(() => undefined));
  for (let n = 0; n < 40; n += 1) send(String(n));
  await settled();
  assert.is(replies.length, 8);
  assert.ok(replies.every((reply) => reply.endsWith("COMMAND_BUSY")));
  service!.close();
  await settled();
  assert.is(replies.filter((reply) => reply.endsWith("COMMAND_STOPPED")).length, 32);
});

test("what is done leaves nothing behind but the last replies: an agent is asked for years", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { send, replies } = serve(() => null);
  const used = async (from: number, count: number): Promise<number> => {
    for (let n = from; n < from + count; n += 1) {
      send(String(n));
      if (n % 20 === 0) await settled();
    }
    await settled();
    replies.length = 0;
    collect();
    return process.memoryUsage().heapUsed / 1_048_576;
  };
  const before = await used(0, 2_000);
  const grownMb = (await used(2_000, 20_000)) - before;
  assert.ok(grownMb < 8, `${grownMb} MB`);
});

test.run();
