import type { Config } from "../config/types.js";
import type { CodedError } from "../errors.js";
import { type AlertingDeps, openAlerting } from "./alerting.js";
import { openSettings } from "./commands/settings.js";
import { openTrail } from "./commands/trail.js";
import type { Stuck } from "./health/liveness.js";
import type { LoadedModel } from "./inference/load.js";
import { type Clock, realClock } from "./kit/clock.js";
import { opening } from "./kit/closing.js";
import { type Logger, warnOf } from "./kit/log.js";
import type { RunningCamera } from "./line/camera.js";
import { openRemote, type RemoteDeps } from "./remote.js";
import { startWatching, type WatchingDeps } from "./watching.js";

/** The edges, each with its real default where it has one. */
export interface AgentDeps extends AlertingDeps, RemoteDeps, WatchingDeps {
  readonly log: Logger;
  readonly clock?: Clock;
}

export interface RunningAgent {
  /** When every camera runs or is known to be faulted. Never rejects. */
  readonly started: Promise<void>;
  /** When, besides, each camera delivers, or it is known and said why not. Never rejects. */
  readonly up: Promise<void>;
  readonly cameras: readonly RunningCamera[];
  readonly models: ReadonlyMap<string, LoadedModel>;
  /** AGENT_STUCK, when only a new process can go on: stop, and leave the rest to the supervisor. Never rejects. */
  readonly unfit: Promise<CodedError>;
  /** What of it only a new process can help; empty where the agent does its work. */
  stuck(): readonly Stuck[];
  isBrokerConnected(): boolean;
  /** Within 5 s, whatever hangs. Safe to call twice. */
  stop(): Promise<void>;
}

const TRAIL_MS = 50;

/**
 * The composition root: opens its three parts, and closes them in reverse, also where a later one cannot be opened. Each closes within
 * its share of the 5 s that a stop may take: serving 0.25, watching 1.65, remote 2.25, the trail of commands 0.05, alerting 0.48.
 * @throws CodedError when the state folder or the publisher cannot be opened; a camera's fault is its state instead.
 */
export function startAgent(config: Config, { clock = realClock, ...deps }: AgentDeps): Promise<RunningAgent> {
  const { log } = deps;
  return opening(
    (reason) => log.warn(reason),
    async (closing) => {
      const alerting = await openAlerting(config, { ...deps, clock });
      closing.adopt(alerting.close);
      const settings = await openSettings(config.state.path, warnOf(log));
      const trail = await openTrail({ statePath: config.state.path, log, clock, onTrouble: warnOf(log) });
      closing.add("the trail of commands", TRAIL_MS, trail.close);
      const remote = await openRemote(config, { ...deps, clock, outbox: alerting.outbox });
      closing.adopt(remote.close);
      const watching = await startWatching(config, { ...deps, clock, alerting, uplink: remote, settings });
      closing.adopt(watching.close);
      closing.adopt(remote.serve({ alerting, watching, settings, trail }));
      const { started, up, cameras, models, unfit, stuck } = watching;
      const isBrokerConnected = (): boolean => remote.broker().connected;
      return { started, up, cameras, models, unfit, stuck, isBrokerConnected, stop: () => closing.close() };
    },
  );
}
