import { maskText } from "../../config/mask.js";
import { alarmOf, partOf } from "../../config/parts.js";
import type { LiveCamera, LiveCounts, LiveHealth, LiveModel, LiveSnapshot, Role } from "../contract/live-events.js";
import { identity, timestamp } from "../contract/payloads.js";
import type { Lately } from "./lately.js";
import type { AgentView, CameraView } from "./view.js";

/** Alerts that a page begins with. */
const ALERTS = 30;
const VERDICTS = 60;
/** Of scores that a page begins with. */
const SCORES_S = 600;

/** What the live view shows of this moment. */
export interface LiveState {
  camera(camera: CameraView): LiveCamera;
  health(): LiveHealth;
  snapshot(role: Role): LiveSnapshot;
}

export interface LiveStateDeps {
  readonly view: AgentView;
  readonly lately: Lately;
  readonly version: string;
  /** Epoch milliseconds: when the agent started. */
  readonly since: () => number;
}

export function liveState({ view, lately, version, since }: LiveStateDeps): LiveState {
  const camera = (of: CameraView): LiveCamera => {
    const { config, enabled, standing } = of;
    const { reason, fromStart, spreads, proposedThreshold, state, since, direction } = of.drift;
    const per = partOf(config);
    return {
      id: config.id,
      enabled,
      model: config.model,
      source: config.source.type,
      state: standing.state,
      reason: standing.reason === null ? null : maskText(standing.reason),
      blind: of.fault === null ? null : maskText(of.fault),
      since: timestamp(standing.sinceMs),
      threshold: of.threshold(),
      inForce: view.inForce(of),
      alarm: alarmOf(config),
      part: per === null ? null : { per, deadlineMs: config.parts.deadlineMs },
      drift: { state, since, reason, direction, fromStart, spreads, proposedThreshold },
    };
  };
  const counts = ({ config: { id }, ledger, alerts, parts }: CameraView): LiveCounts => {
    const { captured, scored, dropped, failed, inFlight } = ledger.counts();
    const { shelvedUntilMs, heldBack } = alerts;
    const of = lately.of(id);
    return {
      captured,
      scored,
      dropped,
      failed,
      inFlight,
      share: captured === 0 ? null : scored / captured,
      ...of.pace(),
      parts,
      partsOfHour: parts === null ? null : of.hour.parts(performance.now()),
      alerts: { heldBack, shelvedUntil: shelvedUntilMs === null ? null : timestamp(shelvedUntilMs) },
    };
  };
  const model = ({ engine }: ModelView): LiveModel => ({ ...identity(engine.model), providers: engine.providers() });
  const health = (): LiveHealth => ({
    ts: timestamp(Date.now()),
    uptimeS: Math.round((Date.now() - since()) / 1_000),
    broker: view.broker(),
    outbox: view.outbox(),
    evidence: view.evidence.health(),
    models: Object.fromEntries([...view.models].map(([name, loaded]) => [name, model(loaded)])),
    selfTests: view.selfTests(),
    cameras: Object.fromEntries(view.cameras.map((each) => [each.config.id, counts(each)])),
    machine: view.machine(),
  });
  const byCamera = <T>(of: (id: string) => T): Readonly<Record<string, T>> =>
    Object.fromEntries(view.cameras.map(({ config: { id } }) => [id, of(id)]));
  return {
    camera,
    health,
    snapshot: (role) => ({
      v: 1,
      ts: timestamp(Date.now()),
      agent: view.config.agent.id,
      version,
      since: timestamp(since()),
      role,
      cameras: view.cameras.map(camera),
      health: health(),
      alerts: view.alertsOf({ limit: ALERTS }),
      verdicts: byCamera((id) => lately.of(id).verdicts.slice(-VERDICTS)),
      scores: byCamera((id) => lately.of(id).scores.history(Date.now(), SCORES_S)),
    }),
  };
}

type ModelView = AgentView["models"] extends ReadonlyMap<string, infer Model> ? Model : never;
