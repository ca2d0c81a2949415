import { Subject } from "rxjs";
import * as assert from "uvu/assert";
import { type VerdictPayload, verdictPayload } from "../../agent/contract/part-payloads.js";
import { type Modbus, openModbus } from "../../agent/modbus/open.js";
import {
  AGENT_REGISTERS,
  COUNT_REGISTERS,
  lengthOf,
  SLOTS,
  STANDING_REGISTERS,
  VERDICT_REGISTERS,
} from "../../agent/modbus/register-map.js";
import type { Outcome, PartVerdict } from "../../agent/types.js";
import { BLOCK_REGISTERS } from "../../config/modbus.js";
import type { ModbusConfig } from "../../config/types.js";
import { cameraConfig, configOf, modbusConfig } from "../support/config.js";
import { greyFrame } from "../support/frames.js";
import { poll, rawClient, registersIn, request, type TellingCamera } from "../support/modbus.js";
import { freePort } from "../support/mosquitto.js";
import { partVerdict } from "../support/outbox.js";
import { suite } from "../support/suite.js";
import { model } from "../support/verdicts.js";

/** What PLCs read, by libmodbus; the agent around it is not there. */
const test = suite("Modbus/TCP");
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const judged$ = new Subject<VerdictPayload>();
const parts = telling("cam1", { ok: 0 });
const web = telling("web", null);
const seen$ = web.outcomes$ as Subject<Outcome>;
let port = 0;
let modbus: Modbus;
let unwatch: () => void;
let providerFault: string | null = null;

async function open(rest: Partial<ModbusConfig> = {}): Promise<void> {
  port = await freePort();
  const config = configOf([cameraConfig("cam1"), cameraConfig("web", { modbus: { address: 500 } })], {
    modbus: modbusConfig({ port, ...rest }),
  });
  modbus = openModbus(config, { judged$, lastNumber: (camera) => (camera === "cam1" ? 65_540 : 0), log });
  await modbus.tried;
  unwatch = modbus.watch([parts, web], () => providerFault);
}

test.before.each(() => {
  parts.standing = { state: "ok" };
  parts.enabled = true;
  return open();
});
test.after.each(() => modbus.close());

function telling(id: string, counts: object | null): TellingCamera {
  const standing = { state: "ok" as const };
  return { config: cameraConfig(id), enabled: true, standing, parts: counts, outcomes$: new Subject() };
}

function judge(seq: number, rest: Partial<PartVerdict> = {}): void {
  judged$.next(verdictPayload(partVerdict({ part: seq, ...rest }), seq));
}

const values = async (...args: Parameters<typeof poll>) => (await poll(...args)).values;

test("a verdict stands at its camera's address, in holding and input registers, as libmodbus reads them", async () => {
  judge(70_000, { part: 131_075, verdict: "ng", score: 0.75 });
  const expected = [1, 1, 1, 70_000 - 65_536, 2, 2, 0, 2, 3, 750];
  assert.equal(await values(port, "holding", 1_000, 10), expected);
  assert.equal(await values(port, "input", 1_000, 10), expected);
  assert.equal(await values(port, "holding", 1_004, 1), [2], "one alone");
  assert.equal(await values(port, "holding", 1_000 + 122, 8), [0, 0, 0, 1, 0, 0, 0, 0], "counted");
});

test("before the first verdict nothing says `ok` or lets a part pass; the number before it is known", async () => {
  assert.equal(await values(port, "holding", 1_000, 10), [1, 1, 1, 4, 0, 0, 0, 0, 0, 0]);
  assert.equal(await values(port, "discrete", 1_000, 8), [1, 0, 0, 0, 0, 0, 0, 0]);
});

test("of two verdicts between two polls none is missed: each lies in the slot of its number", async () => {
  judge(4_711, { verdict: "ng" });
  judge(4_712);
  const slot = async (seq: number) => values(port, "holding", 1_010 + 7 * (seq % SLOTS), 7);
  assert.equal(await slot(4_711), [4_711, 2, 2, 0, 0, 4_711, 500]);
  assert.equal(await slot(4_712), [4_712, 1, 1, 0, 0, 4_712, 500]);
  for (let seq = 4_713; seq <= 4_711 + SLOTS; seq += 1) judge(seq);
  assert.is((await slot(4_711))[0], 4_711 + SLOTS, "after sixteen it is overwritten: `seqLow` tells how far back");
});

test("what could not be judged is `unknown`, and the gate does what `unknownIs` says; late is told", async () => {
  judge(1, { verdict: "unknown", unknownIs: "ng", score: null });
  assert.equal(await values(port, "holding", 1_003, 7), [1, 3, 2, 0, 0, 1, 0]);
  judge(2, { verdict: "unknown", unknownIs: "ok", score: null, late: true });
  assert.equal(await values(port, "holding", 1_003, 7), [2, 3, 1, 1, 0, 2, 0]);
  assert.equal(await values(port, "coils", 1_000, 8), [1, 0, 1, 0, 0, 0, 1, 1]);
  judge(3, { verdict: "ng" });
  assert.equal(await values(port, "coils", 1_000, 8), [1, 1, 0, 1, 0, 1, 0, 0]);
});

test("a part that is no number of two registers is 0, a score beyond a register is its largest", async () => {
  for (const part of ["a-17", 1.5, -1, 2 ** 32]) {
    judge(9, { part, score: 1e9 });
    assert.equal(await values(port, "holding", 1_007, 3), [0, 0, 65_535], String(part));
  }
});

test("a model that runs where it was not to is told beside `ready`: its cameras judge, and may be slower than planned", async () => {
  const told = async () => [
    ...(await values(port, "holding", 4, 1)),
    ...(await values(port, "discrete", 2, 1)),
    ...(await values(port, "discrete", 1_008, 1)),
  ];
  assert.equal(await told(), [0, 0, 0]);
  providerFault = "PROVIDER_NOT_USED: the model runs on cpu";
  try {
    assert.equal(await told(), [2, 1, 1]);
    assert.equal(await values(port, "holding", 1_000, 1), [1], "it is ready all the same");
  } finally {
    providerFault = null;
  }
});

test("`ready` falls with the camera, and where the agent stops: the last verdicts are still told then", async () => {
  const ready = async () => (await values(port, "holding", 1_000, 2)).join();
  const counts = async () => [...(await values(port, "holding", 2, 2)), ...(await values(port, "discrete", 1, 1))];
  for (const [state, code] of [
    ["starting", "0,0"],
    ["anomalous", "1,2"],
    ["idle", "1,3"],
    ["no-signal", "0,4"],
    ["faulted", "0,5"],
    ["disabled", "0,6"],
  ] as const) {
    parts.standing = { state };
    assert.is(await ready(), code, state);
  }
  assert.equal(await counts(), [2, 1, 0]);
  parts.standing = { state: "idle", ended: true };
  assert.is(await ready(), "0,3", "a source that has ended judges no more");
  parts.standing = { state: "ok" };
  assert.equal(await counts(), [2, 2, 1]);
  unwatch();
  assert.equal([await ready(), await counts()], ["0,1", [2, 0, 0]]);
  judge(5, { verdict: "ng" });
  assert.equal(await values(port, "holding", 1_003, 2), [5, 2]);
});

test("a camera without parts tells the score of its newest picture, and no verdict", async () => {
  const frame = greyFrame(0);
  const inspection = { frame, score: 0.123, map: new Float32Array(1), model, queueMs: 0, inferenceMs: 0 };
  seen$.next({ kind: "inspected", inspection });
  assert.equal(await values(port, "holding", 500, 10), [1, 1, 0, 0, 0, 0, 0, 0, 0, 123]);
});

test("the heartbeat goes on", async () => {
  const first = (await values(port, "holding", 0, 3))[1]!;
  let next = first;
  while (next === first) next = (await values(port, "holding", 1, 1))[0]!;
  assert.equal((await values(port, "holding", 0, 3))[0], 1, "the map's version");
});

test("nothing can be written, and what is nobody's is refused", async () => {
  assert.match((await poll(port, "holding", 1_000, 1, { write: 1 })).said, "Illegal function");
  assert.match((await poll(port, "coils", 1_000, 1, { write: 1 })).said, "Illegal function");
  for (const [address, count] of [
    [5, 1],
    [0, 6],
    [900, 1],
    [1_000 + BLOCK_REGISTERS - 1, 2],
    [65_535, 1],
  ] as const) {
    assert.match((await poll(port, "holding", address, count)).said, "Illegal data address", `${address}`);
  }
  assert.match((await poll(port, "coils", 1_009, 1)).said, "Illegal data address");
  assert.equal([modbus.health().refused, modbus.health().requests], [2, 8]);
});

test("only the configured unit is answered for", async () => {
  await modbus.close();
  await open({ unitId: 7 });
  assert.equal(await values(port, "holding", 0, 1, { unit: 7 }), [1]);
  assert.match((await poll(port, "holding", 0, 1, { unit: 8, withinS: 0.2 })).said, "timed out");
});

test("one reading never mixes two verdicts, however fast they come", async () => {
  const client = await rawClient(port);
  let seq = 1;
  judge(seq, { verdict: "ng" });
  const line = setInterval(() => {
    for (let n = 0; n < 5; n += 1) {
      seq += 1;
      judge(seq, { verdict: seq % 2 === 0 ? "ok" : "ng" });
    }
  }, 0);
  for (let n = 0; n < 200; n += 1) {
    const registers = registersIn((await client.ask(request(3, 1_000, 122)))!);
    const newest = registers[3]!;
    for (let back = 0; back < Math.min(newest, SLOTS); back += 1) {
      const at = 10 + 7 * ((newest - back) % SLOTS);
      const verdict = (newest - back) % 2 === 0 ? 1 : 2;
      const told = [newest - back, verdict, verdict, 0, 0, newest - back, 500];
      assert.equal(registers.slice(at, at + 7), told);
      if (back === 0) assert.equal(registers.slice(3, 10), told);
    }
  }
  clearInterval(line);
  client.socket.destroy();
});

test("the map fits what is kept free for it, and a camera with its slots one request", () => {
  const fixed = lengthOf(STANDING_REGISTERS) + lengthOf(VERDICT_REGISTERS);
  const slots = SLOTS * lengthOf(VERDICT_REGISTERS);
  assert.ok(fixed + slots <= 125, "MODBUS Application Protocol 1.1b3, 6.3");
  assert.is(fixed + slots + lengthOf(COUNT_REGISTERS), BLOCK_REGISTERS);
  assert.ok(lengthOf(AGENT_REGISTERS) <= 10);
  assert.is(65_536 % SLOTS, 0);
});

test.run();
