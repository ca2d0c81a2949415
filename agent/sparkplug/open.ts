import { type Observable, Subscription } from "rxjs";
import type { Config } from "../../config/types.js";
import { CodedError } from "../../errors.js";
import type { BrokerSession, KeepSession, KeptSession } from "../contract/broker-session.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import type { AlertPayload } from "../contract/payloads.js";
import type { SparkplugHealth } from "../contract/sparkplug-health.js";
import type { Clock } from "../kit/clock.js";
import { type Logger, warnOf } from "../kit/log.js";
import { rateLimited } from "../kit/rate-limited.js";
import { within } from "../kit/within.js";
import { openBdSeq } from "./bd-seq.js";
import { CameraDevice } from "./camera-device.js";
import { EdgeNode } from "./edge-node.js";
import { askedIn, commandOf } from "./host-commands.js";
import { nodeMetrics, type Refusals } from "./node-metrics.js";
import { PrimaryHost } from "./primary-host.js";
import { sparkplugTopics, stateTopic } from "./topics.js";
import type { SparkplugAgent } from "./view.js";

export interface SparkplugDeps {
  readonly keepSession: KeepSession;
  /** Each verdict, with its number. */
  readonly judged$: Observable<VerdictPayload>;
  /** Each step of an alert, with its number. */
  readonly alerts$: Observable<AlertPayload>;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long the broker may take to grant what must be heard; then the session is given up, as one that acknowledges nothing. */
  readonly grantedWithinMs?: number;
}

/** The agent as an edge node of Sparkplug B, its cameras as devices. */
export interface Sparkplug {
  /** Everything runs: connects, and says so from now on. @returns what ends that commands are carried out; all else goes on */
  watch(agent: SparkplugAgent): () => void;
  health(): SparkplugHealth;
  /** Says that the node is dead, and disconnects. Never rejects. */
  close(): Promise<void>;
}

/** How soon a change is seen of what tells nobody that it changes. */
const TICK_MS = 200;

export function openSparkplug(
  config: Config,
  { keepSession, judged$, alerts$, clock, log, grantedWithinMs = 30_000 }: SparkplugDeps,
): Sparkplug {
  const { group, node, hostId, everyS, maxWaiting } = config.sparkplug;
  const topics = sparkplugTopics(group, node ?? config.agent.id);
  const trouble = rateLimited(warnOf(log), clock.monotonicMs);
  const numbers = openBdSeq(config.state.path, trouble);
  const running = new Subscription();
  let kept: KeptSession | null = null;
  let edge: EdgeNode | null = null;
  const host = hostId === null ? null : new PrimaryHost(clock.wallMs);
  let devices: readonly CameraDevice[] = [];
  let refusals: Refusals = { count: 0, latest: null };

  const watch = (agent: SparkplugAgent): (() => void) => {
    let mayBeCommanded = true;
    devices = agent.cameras.map((camera, index) => new CameraDevice(camera, { index, maxWaiting }));
    const deviceOf = (id: string): CameraDevice | undefined => devices.find((device) => device.id === id);
    const metrics = nodeMetrics(config, agent, { devices, refusals: () => refusals });
    const speaking = new EdgeNode({ topics, metrics, devices, clock, onTrouble: trouble });
    edge = speaking;
    let current: BrokerSession | null = null;
    /** Subscribed to what it must hear before it is born. */
    let ready: BrokerSession | null = null;

    const birth = (): void => {
      if (ready === null || (host !== null && !host.online)) return;
      if (!speaking.isOnline) log.info(`Sparkplug: ${topics.nbirth}`);
      speaking.birth(ready);
    };
    const up = async (session: BrokerSession): Promise<void> => {
      host?.forget();
      const filters = [...(hostId === null ? [] : [stateTopic(hostId)]), topics.ncmd, topics.dcmds];
      // In one go: what a session that has ended answers is of no use.
      const asking = Promise.allSettled(filters.map((filter) => session.subscribe(filter)));
      if (!(await within(grantedWithinMs, asking))) {
        if (current !== session) return;
        const message = `the broker granted no subscription for ${grantedWithinMs / 1_000} s`;
        trouble(new CodedError("MQTT_NO_ACK", message, { at: topics.ncmd }));
        await session.end();
        return;
      }
      const asked = await asking;
      const faults = asked.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
      for (const fault of faults) if (fault instanceof CodedError) trouble(fault);
      if (current !== session) return;
      ready = session;
      if (host?.online === false) log.info(`Sparkplug: waits for host ${hostId}`);
      birth();
    };
    const heardHost = (payload: Buffer): void => {
      const heard = host?.hear(payload);
      if (heard === "online" && !speaking.isOnline) birth();
      if (heard === "offline" && speaking.isOnline) {
        log.info(`Sparkplug: host ${hostId} is offline: verdicts and alerts wait`);
        ready = null;
        void speaking.end();
      }
      if (heard !== "older" && heard !== "unreadable") return;
      const what = heard === "older" ? "is older than one before it" : "is no JSON of online and timestamp";
      trouble(new CodedError("SPARKPLUG_STATE_INVALID", `its STATE ${what}`, { at: `${hostId}` }));
    };
    const refuse = (text: string): void => {
      refusals = { count: refusals.count + 1, latest: text };
    };
    const commanded = (topic: string, payload: Buffer): void => {
      const device = topics.deviceOf(topic);
      const of = topic === topics.ncmd ? metrics : device === null ? undefined : deviceOf(device)?.metrics;
      if (of === undefined || !mayBeCommanded) return;
      const { rebirth, writes, refused } = askedIn(payload, of, topic);
      for (const fault of refused) {
        trouble(fault);
        refuse(`${fault.code}: ${fault.message}`);
      }
      for (const write of writes) {
        agent.perform(
          commandOf(write, (outcome) => {
            if (!outcome.ok) refuse(`${outcome.code}: ${outcome.message}`);
            speaking.tick(false);
          }),
        );
      }
      if (rebirth) speaking.rebirth();
      speaking.tick(false);
    };

    for (const { config: of, outcomes$ } of agent.cameras) {
      const device = deviceOf(of.id)!;
      running.add(outcomes$.subscribe((outcome) => device.saw(outcome)));
    }
    const found = (id: string, take: (device: CameraDevice) => void): void => {
      const device = deviceOf(id);
      if (device !== undefined) take(device);
    };
    running.add(judged$.subscribe((verdict) => found(verdict.camera, (at) => speaking.found(at, at.judged(verdict)))));
    running.add(alerts$.subscribe((alert) => found(alert.camera, (at) => speaking.found(at, at.alerted(alert)))));
    let pacedAtMs = clock.monotonicMs();
    const ticking = setInterval(() => {
      const nowMs = clock.monotonicMs();
      const paced = nowMs - pacedAtMs >= everyS * 1_000 - TICK_MS / 2;
      if (paced) {
        pacedAtMs = nowMs;
        for (const device of devices) device.count(nowMs);
      }
      speaking.tick(paced);
    }, TICK_MS);
    running.add(() => clearInterval(ticking));
    kept = keepSession({
      name: "sparkplug",
      will: async () => speaking.death(await numbers.next()),
      onUp: (session) => {
        current = session;
        void up(session);
      },
      onMessage: (topic, payload) => {
        if (hostId !== null && topic === stateTopic(hostId)) heardHost(payload);
        else commanded(topic, payload);
      },
      onDown: () => {
        current = null;
        ready = null;
        host?.forget();
        speaking.lost();
      },
      onTrouble: trouble,
    });
    return () => {
      mayBeCommanded = false;
    };
  };

  return {
    watch,
    health: () => ({
      online: edge?.isOnline ?? false,
      hostOnline: host === null ? null : host.online,
      waiting: devices.reduce((sum, { waiting }) => sum + waiting.length, 0),
      givenUp: devices.reduce((sum, { waiting }) => sum + waiting.givenUp, 0),
      refused: refusals.count,
    }),
    close: async () => {
      running.unsubscribe();
      // The session's end is asked for in the turn in which the node says that it is dead: no other one begins.
      const ended = edge?.end();
      await kept?.close();
      await ended;
    },
  };
}
