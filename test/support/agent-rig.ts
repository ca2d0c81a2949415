import type { Subject } from "rxjs";
import type { AgentDeps } from "../../agent/agent.js";
import type { CameraContext, Command } from "../../agent/contract/inbound.js";
import { topics } from "../../agent/contract/topics.js";
import { openEvidence } from "../../agent/evidence/evidence.js";
import type { Message } from "../../agent/types.js";
import type { FakeCamera } from "../fakes/camera.js";
import { fakeEngine } from "../fakes/engine.js";
import { fakeMaker } from "../fakes/evidence-maker.js";
import { fakeSink } from "../fakes/message-sink.js";

/** An agent's edges, all faked but its outbox. */

export interface Rig {
  readonly deps: AgentDeps;
  readonly sent: Message[];
  readonly lines: string[];
  readonly said$: Subject<CameraContext>;
  readonly command$: Subject<Command>;
  readonly closed: () => boolean;
}

export function rig(cameras: readonly FakeCamera[], ids: readonly string[], rest: Partial<AgentDeps> = {}): Rig {
  const sink = fakeSink();
  const { sent, context$: said$, command$, closed } = sink;
  const lines: string[] = [];
  const deps: AgentDeps = {
    watchCamera: (options) => cameras[ids.indexOf(options.camera.id)]!.watch(options),
    openPublisher: async (_config, _log, outbox) => {
      outbox.added$.subscribe((payload) => {
        sent.push({ topic: topics.alert(payload.camera), payload, qos: 1, retain: false });
      });
      outbox.judged$.subscribe((payload) => {
        sent.push({ topic: topics.verdict(payload.camera), payload, qos: 1, retain: false });
      });
      return sink;
    },
    log: { info: (text) => lines.push(text), warn: (text) => lines.push(text), error: (text) => lines.push(text) },
    loadModel: async () => ({ engine: fakeEngine(), calibration: "fixed, 3 images" }),
    machineHealth: async () => ({
      memory: { rssMb: 1, anonymousMb: null, heapMb: 1 },
      temperaturesC: { cpu: 40 },
      gpuLoad: null,
      ...{ powerW: {}, powerMode: null, cpuFrequency: null, throttling: { reasons: [], events: {} } },
    }),
    openEvidence: (options) => openEvidence({ ...options, openMaker: () => fakeMaker() }),
    healthEveryMs: 20,
    ...rest,
  };
  return { deps, sent, lines, said$, command$, closed };
}

/** The payloads sent to a topic. */
export const of = <T>(sent: readonly Message[], topic: string): T[] =>
  sent.filter((message) => message.topic === topic).map((message) => message.payload as T);
