import { type AgentDeps, type RunningAgent, startAgent } from "../../agent/agent.js";
import type { CommandOutcome, StatePayload } from "../../agent/contract/payloads.js";
import type { Config } from "../../config/types.js";
import { type FakeCamera, fakeCamera } from "../fakes/camera.js";
import { of, type Rig, rig } from "./agent-rig.js";
import { cameraConfig, configOf } from "./config.js";
import { greyFrame } from "./frames.js";
import type { suite } from "./suite.js";
import { until } from "./until.js";

export interface Line extends Rig {
  readonly camera: FakeCamera;
  readonly config: Config;
  ask(command: string, args?: object): Promise<CommandOutcome>;
  show(...levels: readonly number[]): Promise<void>;
  states(): string[];
}

/** A whole agent with one camera, `cam1`, its edges faked, and somebody who gives it commands. Stopped after each test. */
export function commandRig(test: ReturnType<typeof suite>) {
  let agent: RunningAgent | undefined;
  test.after.each(async () => {
    await agent?.stop();
  });
  let ids = 0;
  async function start(config = configOf([cameraConfig("cam1")]), rest: Partial<AgentDeps> = {}): Promise<Line> {
    const camera = fakeCamera("cam1", null);
    const edges = rig([camera], ["cam1"], rest);
    agent = await startAgent(config, edges.deps);
    await agent.started;
    const judged = () => {
      const { scored, failed } = agent!.cameras[0]!.ledger.counts();
      return scored + failed;
    };
    return {
      ...edges,
      camera,
      config,
      ask: (command, args = {}) =>
        new Promise((reply) => {
          const id = `id-${(ids += 1)}`;
          edges.command$.next({ command, id, args: { id, ...args }, via: "mqtt", by: null, fault: null, reply });
        }),
      show: async (...levels) => {
        const before = judged();
        for (const level of levels) camera.tell({ kind: "frame", camera: "cam1", frame: greyFrame(level) });
        await until(() => judged() === before + levels.length, "the frames judged");
      },
      states: () => of<StatePayload>(edges.sent, "cam1/state").map(({ state }) => state),
    };
  }
  return { start, current: () => agent! };
}

export const code = (outcome: CommandOutcome) => (outcome.ok ? "ok" : outcome.code);
export const result = (outcome: CommandOutcome): Record<string, unknown> => {
  if (!outcome.ok) throw new Error(`${outcome.code}: ${outcome.message}`);
  return outcome.result as Record<string, unknown>;
};
