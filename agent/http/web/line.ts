import type { LiveCamera, LiveEvents, LiveHealth, LiveSnapshot, Role, ScorePoint } from "../../contract/live-events.js";
import type { VerdictPayload } from "../../contract/part-payloads.js";
import type { WholeAlert } from "../../contract/whole-alert.js";
import { type BadInSight, sawPicture, sawScores, sawVerdict } from "./in-sight.js";

/** One event as it came. */
export type LiveEvent = {
  [K in keyof LiveEvents]: { readonly name: K; readonly data: LiveEvents[K] };
}[keyof LiveEvents];

/** What the page knows of the agent: bounded, however long it is open. */
export interface Line {
  readonly agent: string;
  readonly version: string;
  readonly role: Role;
  readonly cameras: readonly LiveCamera[];
  readonly health: LiveHealth;
  /** The latest first. */
  readonly alerts: readonly WholeAlert[];
  /** By camera, the latest last. */
  readonly verdicts: Readonly<Record<string, readonly VerdictPayload[]>>;
  /** By camera. */
  readonly latest: Readonly<Record<string, ScorePoint>>;
  readonly badInSight: BadInSight;
  /** That this page was too slow for. */
  readonly picturesDropped: number;
}

const MOST_ALERTS = 60;
const MOST_VERDICTS = 40;

/** The line after an event; the same object where the event changes nothing of it. */
export function after(line: Line | null, { name, data }: LiveEvent): Line | null {
  if (name === "snapshot") return lineOf(data, line);
  if (line === null) return null;
  switch (name) {
    case "camera": {
      const known = line.cameras.some(({ id }) => id === data.id);
      const cameras = known ? line.cameras.map((one) => (one.id === data.id ? data : one)) : [...line.cameras, data];
      return { ...line, cameras };
    }
    case "scores":
      return {
        ...line,
        latest: { ...line.latest, ...data.cameras },
        badInSight: sawScores(line.badInSight, data.cameras, line.verdicts),
      };
    case "verdict": {
      const before = line.verdicts[data.camera] ?? [];
      const verdicts = { ...line.verdicts, [data.camera]: [...before, data].slice(-MOST_VERDICTS) };
      return { ...line, verdicts, badInSight: sawVerdict(line.badInSight, data) };
    }
    case "alert": {
      const known = line.alerts.some(({ id }) => id === data.id);
      const alerts = known
        ? line.alerts.map((one) => (one.id === data.id ? data : one))
        : [data, ...line.alerts].slice(0, MOST_ALERTS);
      return { ...line, alerts };
    }
    case "health":
      return { ...line, health: data };
    case "ping":
      return data.picturesDropped === line.picturesDropped ? line : { ...line, picturesDropped: data.picturesDropped };
    case "picture": {
      const badInSight = sawPicture(line.badInSight, data, line.verdicts);
      return badInSight === line.badInSight ? line : { ...line, badInSight };
    }
  }
}

function lineOf(snapshot: LiveSnapshot, before: Line | null): Line {
  const { agent, version, role, cameras, health, alerts, verdicts } = snapshot;
  const last = Object.entries(verdicts).map(([camera, some]) => [camera, some.slice(-MOST_VERDICTS)] as const);
  return {
    agent,
    version,
    role,
    cameras,
    health,
    alerts: alerts.slice(0, MOST_ALERTS),
    verdicts: Object.fromEntries(last),
    latest: before?.latest ?? {},
    badInSight: {},
    picturesDropped: 0,
  };
}

/** Who has acknowledged its present raise; null while nobody has. Steps that report how it goes on do not undo that. */
export function acknowledgedBy({ steps, phase, by }: WholeAlert): { readonly by: string | undefined } | null {
  if (phase === "acknowledged") return { by };
  const raised = steps.findLastIndex((step) => step.phase === "raised");
  const step = steps.findLast((one, index) => one.phase === "acknowledged" && index > raised);
  return step === undefined ? null : { by: step.by };
}

/** Whether somebody has still to look at it. */
export function isOpen(alert: WholeAlert): boolean {
  return (alert.phase === "raised" || alert.phase === "updated") && acknowledgedBy(alert) === null;
}
