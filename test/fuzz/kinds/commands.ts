import fc from "fast-check";
import { startAgent } from "../../../agent/agent.js";
import { levelFault } from "../../../agent/contract/topics.js";
import type { Client, ClientOptions } from "../../../agent/mqtt/client.js";
import type { Received } from "../../../agent/mqtt/packet.js";
import { openPublisher } from "../../../agent/mqtt/publisher.js";
import { fakeCamera } from "../../fakes/camera.js";
import { unlimited } from "../../fakes/mqtt-client.js";
import { rig } from "../../support/agent-rig.js";
import { cameraConfig, configOf } from "../../support/config.js";
import { schemaFaults } from "../../support/schemas.js";
import { until } from "../../support/until.js";
import { awkwardNames, awkwardNumbers, damaged } from "../damage.js";
import { Finding, type FuzzKind, requireCode, type Subject, TAKEN } from "../kind.js";

/** What arrives over MQTT, through the publisher into a whole agent; a camera, an engine and a broker are faked. */
const T = "retort/line-7";
interface Reply {
  readonly topic: string;
  readonly payload: string;
}

const word = fc.oneof(
  fc.constantFrom(
    ...awkwardNames,
    "cam1",
    "cam2",
    "model",
    "a".repeat(70_000),
    "\u0000",
    "\ud800",
    "\u202e",
    "#",
    "+",
    "$SYS",
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
);
const number = fc.oneof(fc.constantFrom(...awkwardNumbers, 1e-320, 1e308, -0), fc.double());
const value = fc.oneof({ depthSize: "small" }, word, number, fc.boolean(), fc.constant(null), fc.jsonValue());
/** Right for every command that takes it. */
const right = {
  camera: fc.constantFrom("cam1", "cam2"),
  alert: fc.uuid(),
  threshold: fc.constantFrom("model", null, 0.5, 1e300, 5e-324),
  frames: fc.integer({ min: 20, max: 60 }),
  seconds: fc.constant(2),
  falseAlarms: fc.constantFrom(0.01, 0.5, 0.00001),
  force: fc.boolean(),
  minutes: fc.constantFrom(0, 1, 1440, 0.1),
  verdict: fc.constantFrom("defect", "not_a_defect"),
  by: fc.string({ minLength: 1, maxLength: 20 }),
} as const;
type Field = keyof typeof right;
const fields: Readonly<Record<string, readonly Field[]>> = {
  snapshot: ["camera"],
  enable: ["camera"],
  disable: ["camera"],
  threshold: ["camera", "threshold"],
  calibrate: ["camera", "frames", "seconds", "falseAlarms", "force"],
  acknowledge: ["alert", "by"],
  shelve: ["camera", "minutes", "by"],
  feedback: ["alert", "verdict"],
  "restart-camera": ["camera"],
  status: [],
};
const commandNames = Object.keys(fields);

/** A command as it should be; or with one field that is not, or one more. */
const nearly = fc.constantFrom(...commandNames).chain((name) =>
  fc
    .tuple(
      fc.record({ id: fc.uuid(), ...Object.fromEntries(fields[name]!.map((field) => [field, right[field]])) }),
      fc.option(fc.tuple(fc.oneof(fc.constantFrom("id", ...Object.keys(right)), word), value), { freq: 2 }),
    )
    .map(([payload, wrong]) => ({
      name,
      text: JSON.stringify(wrong === null ? payload : { ...payload, [wrong[0]]: wrong[1] }),
    })),
);

const nested = fc.integer({ min: 1, max: 30_000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth));
/** Keys twice, numbers that are none, names of JavaScript's own. */
const crafted = fc.constantFrom(
  '{"id":"1","id":"2","camera":"cam1"}',
  '{"id":"1","threshold":1e999,"camera":"cam1"}',
  '{"__proto__":{"id":"1"},"id":"1"}',
  '{"constructor":{"prototype":{"x":1}},"id":"1"}',
  '{"id":"1","camera":"cam1","__proto__":null}',
  '{"id":"\\u0000","camera":"cam1"}',
  '﻿{"id":"1"}',
);
const text = fc.oneof(
  fc.tuple(fc.uuid(), nested).map(([each, deep]) => `{"id":"${each}","camera":"cam1","by":${deep}}`),
  fc.json(),
  crafted,
  nested,
);
const originals = ['{"id":"a1","camera":"cam1","threshold":0.5}', '{"part":"p","lot":7,"recipe":null}'].map((each) =>
  Buffer.from(each),
);
const payload = fc.oneof(
  text.map((each) => Buffer.from(each)),
  damaged(originals),
  fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each)),
);

const topic = fc.oneof(
  fc.constantFrom(...commandNames).map((name) => `${T}/cmd/${name}`),
  word.map((name) => `${T}/cmd/${name}`),
  fc.constantFrom("cam1", "cam1", "unknown", "status", "cmd", ...awkwardNames).map((name) => `${T}/${name}/context`),
  word.map((name) => `${T}/${name}/context`),
  word,
);

const said = fc.oneof(
  {
    weight: 3,
    arbitrary: nearly.map(({ name, text: json }) => ({ topic: `${T}/cmd/${name}`, payload: Buffer.from(json) })),
  },
  { weight: 1, arbitrary: fc.record({ topic, payload }) },
);
const inputs: fc.Arbitrary<Received> = fc
  .record({
    said,
    retained: fc.oneof({ weight: 19, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    responseTopic: fc.oneof(
      { weight: 4, arbitrary: fc.constant(null) },
      {
        weight: 1,
        arbitrary: fc.constantFrom("asker/7", `${T}/cmd/disable`, `${T}/status`, "a/#", "", "$SYS/x", "\u0000"),
      },
      { weight: 1, arbitrary: word },
    ),
    correlationData: fc.option(fc.uint8Array({ maxLength: 64 }).map((each) => Buffer.from(each))),
    by: fc.option(word),
  })
  .map(({ said: what, ...rest }) => ({ ...what, ...rest }));

function* grey(): Generator<number> {
  for (;;) yield 10;
}

async function open(): Promise<Subject<Received>> {
  const ids = ["cam1", "cam2"];
  const sent: Reply[] = [];
  const troubles: string[] = [];
  let client: ClientOptions | undefined;
  const config = configOf(ids.map((each) => cameraConfig(each, { fps: 100 })));
  const { deps } = rig(
    ids.map((each) => fakeCamera(each, grey())),
    ids,
    {
      openPublisher: async () => {
        const publisher = openPublisher({
          url: "mqtt://nowhere",
          prefix: "retort",
          agentId: "line-7",
          version: "0",
          openClient: async (options) => {
            client = options;
            return fakeClient(sent);
          },
        });
        publisher.trouble$.subscribe(({ code }) => troubles.push(code));
        return publisher;
      },
      log: { info: () => undefined, warn: (line) => troubles.push(line.split(":")[0]!), error: () => undefined },
    },
  );
  const agent = await startAgent(config, deps);
  await agent.started;
  await until(() => client !== undefined, "the client");

  return {
    async tryOne(message) {
      sent.length = 0;
      troubles.length = 0;
      client!.onReceived(message);
      const isCommand = message.topic.startsWith(`${T}/cmd/`);
      if (!isCommand) return troubles.length === 0 ? TAKEN : requireCode(troubles[0]);
      const name = message.topic.slice(`${T}/cmd/`.length);
      if (name.includes("/")) return TAKEN;
      if (levelFault(name) !== null) return requireCode(troubles[0]);
      await until(() => sent.length > 0, `the reply to ${message.topic}`, 3_000);
      const [reply, ...more] = sent;
      if (more.length > 0) throw new Finding("answered twice");
      requireSafe(reply!, message);
      const answer = JSON.parse(reply!.payload) as { ok: boolean; error?: { code: unknown } };
      const faults = schemaFaults("reply", answer);
      if (faults.length > 0) throw new Finding(`a reply against its schema: ${faults.join("; ")}`);
      return answer.ok ? TAKEN : requireCode(answer.error?.code);
    },
    close: () => agent.stop(),
  };
}

/** Nobody may have the agent speak for itself, or for another, by way of a response topic. */
function requireSafe({ topic: to }: Reply, { responseTopic }: Received): void {
  if (to === responseTopic && (/[+#\p{Cc}]/u.test(to) || to === "" || to.startsWith("$") || /^retort\//.test(to))) {
    throw new Finding(`a reply to ${to}`);
  }
  if (Buffer.byteLength(to) > 65_535 || /[+#\p{Cc}]/u.test(to))
    throw new Finding(`a reply to no topic: ${to.slice(0, 100)}`);
}

/** Keeps what may be a reply. */
function fakeClient(sent: Reply[]): Client {
  return {
    version: 5,
    limits: unlimited,
    send: async ({ topic: to, payload: said }) => {
      if (typeof said === "string" && said.includes('"ok":')) sent.push({ topic: to, payload: said });
    },
    subscribe: async () => undefined,
    close: async () => undefined,
    destroy: () => undefined,
  };
}

export const commands: FuzzKind<Received> = { name: "commands", inputs, limitMs: 2_500, open };
