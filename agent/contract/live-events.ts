/** What the live view holds on to of HTTP: the events of `GET /api/events`, and the answers that go with them. */
import type { Context, Rect, Region } from "../types.js";
import type { DriftHealth } from "./drift.js";
import type { CameraInForce } from "./in-force.js";
import type { MachineFigures } from "./machine-health.js";
import type { VerdictPayload } from "./part-payloads.js";
import type {
  BrokerHealth,
  CameraHealth,
  CameraState,
  EvidenceHealth,
  ModelPayload,
  OutboxHealth,
  PartsHealth,
  ProviderHealth,
  SelfTestHealth,
} from "./payloads.js";
import type { WholeAlert } from "./whole-alert.js";

/**
 * The events of `GET /api/events` (text/event-stream) by name; each one's data is the JSON of its type. First one `snapshot`, then the
 * others as they happen. A client that comes again gets a new snapshot: there is nothing to catch up on.
 */
export interface LiveEvents {
  readonly snapshot: LiveSnapshot;
  /** One camera as a whole, when anything of it changes. */
  readonly camera: LiveCamera;
  /** At most four a second. */
  readonly scores: LiveScores;
  /** On each part, once it may be sent. */
  readonly verdict: VerdictPayload;
  /** An alert as it is after each of its steps; known by its `id`. */
  readonly alert: WholeAlert;
  /** Once a second, and within a quarter of one when the broker comes or goes. */
  readonly health: LiveHealth;
  /** Of the cameras in `?pictures=cam1,cam2`, at most `&fps=` a second of each. */
  readonly picture: LivePicture;
  /** Once a second; a page that hears none for some seconds shows what was, not what is. */
  readonly ping: LivePing;
}

/** Pictures a second that the page asks for: of the one camera that is open large, of each of a wall. */
export const PAGE_FPS = { large: 8, wall: 3 } as const;

/** What a client may do: look, or give commands as well. */
export type Role = "look" | "act";

export interface LiveSnapshot {
  readonly v: 1;
  readonly ts: string;
  readonly agent: string;
  readonly version: string;
  /** RFC 3339: when the agent started. */
  readonly since: string;
  readonly role: Role;
  /** In the order of the configuration. */
  readonly cameras: readonly LiveCamera[];
  readonly health: LiveHealth;
  /** The last ones, the latest first. */
  readonly alerts: readonly WholeAlert[];
  /** By camera; the last ones, the latest last; empty where it sees no parts. */
  readonly verdicts: Readonly<Record<string, readonly VerdictPayload[]>>;
  /** By camera: the last ten minutes, a second each. */
  readonly scores: Readonly<Record<string, ScoreHistory>>;
}

/** A camera, without what changes with each frame. */
export interface LiveCamera {
  readonly id: string;
  readonly enabled: boolean;
  /** A key of `LiveHealth.models`; absent there until it is loaded. */
  readonly model: string;
  /** The type of its source. */
  readonly source: string;
  readonly state: CameraState;
  readonly reason: string | null;
  /** Why no verdict of its model can be relied on: it failed its self-test; null where nothing is known. Stands whatever the state. */
  readonly blind: string | null;
  /** RFC 3339: since when it is in that state. */
  readonly since: string;
  /** In force; null until the model is there. */
  readonly threshold: number | null;
  readonly inForce: CameraInForce;
  /** When alerts are raised and cleared, by the configuration. */
  readonly alarm: {
    readonly raiseAfter: number;
    readonly within: number;
    readonly clearAfter: number;
    /** A share of the threshold. */
    readonly clearBelow: number;
  };
  /** What one part is; null where it sees none. */
  readonly part: {
    readonly per: "frame" | "context" | { readonly frames: number };
    readonly deadlineMs: number | null;
  } | null;
  readonly drift: Pick<
    DriftHealth,
    "state" | "since" | "reason" | "direction" | "fromStart" | "spreads" | "proposedThreshold"
  >;
}

export interface LiveHealth {
  readonly ts: string;
  readonly uptimeS: number;
  readonly broker: BrokerHealth;
  readonly outbox: OutboxHealth;
  /** Null where it is switched off. */
  readonly evidence: EvidenceHealth | null;
  /** By the name that cameras refer to; one that is still loading, or broken, is absent. */
  readonly models: Readonly<Record<string, LiveModel>>;
  /** Of the models that are tested, by the same name; none before their first test. */
  readonly selfTests: Readonly<Record<string, SelfTestHealth>>;
  /** By id. */
  readonly cameras: Readonly<Record<string, LiveCounts>>;
  /** As they were measured last; null before that. */
  readonly machine: MachineFigures | null;
}

export interface LiveModel extends ModelPayload {
  /** Of the provider really in use, and why not a better one. */
  readonly providers: ProviderHealth;
}

/** The account of a camera's frames since the start; `fps` and `latencyMs` are of the last seconds. */
export interface LiveCounts extends Omit<CameraHealth, "drift"> {
  /** Verdicts of the last hour; null where it sees no parts. */
  readonly partsOfHour: PartsHealth | null;
}

/** Scores by steps of time: one array a figure, all of the same length, the oldest first. */
export interface ScoreHistory {
  readonly stepMs: number;
  /** Epoch milliseconds: the beginning of each step in which frames were judged; a step without any is left out. */
  readonly atMs: readonly number[];
  /** The lowest and the highest score of the step. */
  readonly min: readonly number[];
  readonly max: readonly number[];
  /** In force at the end of the step. */
  readonly threshold: readonly number[];
  /** Frames judged, and those above the threshold. */
  readonly frames: readonly number[];
  readonly anomalous: readonly number[];
}

/** By camera, what was judged since the last of these events; a camera without new frames is absent. */
export interface LiveScores {
  readonly cameras: Readonly<Record<string, ScorePoint>>;
}

export interface ScorePoint {
  /** Epoch milliseconds: of its last frame, as are `frame`, `last`, `threshold` and `latencyMs`. */
  readonly atMs: number;
  readonly frame: number;
  readonly last: number;
  readonly threshold: number;
  readonly latencyMs: number;
  /** The lowest and the highest score. */
  readonly min: number;
  readonly max: number;
  /** Frames judged, and those above the threshold. */
  readonly frames: number;
  readonly anomalous: number;
}

/** A picture and what the model makes of it: both of the same frame. */
export interface LivePicture {
  readonly camera: string;
  readonly frame: number;
  /** RFC 3339: of its capture. */
  readonly ts: string;
  readonly score: number;
  readonly threshold: number;
  readonly anomalous: boolean;
  /** In the camera's own pixels, as everywhere; `view` says which of them the picture shows. */
  readonly regions: readonly Region[];
  readonly view: Rect;
  readonly context: Context | null;
  /** Of the JPEG, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Base64. */
  readonly jpeg: string;
  /** Base64 of uint8 [mapHeight, mapWidth], row-major, over the whole picture; the highest value where it is smaller than the model's map. */
  readonly map: string;
  readonly mapWidth: number;
  readonly mapHeight: number;
  /** The score that 255 stands for; 0 is 0. Twice the threshold: 128 is at the threshold, what is higher is 255. */
  readonly mapScale: number;
}

export interface LivePing {
  readonly ts: string;
  /** Of this connection, since it began: pictures that it was too slow for. */
  readonly picturesDropped: number;
}

/**
 * `POST /api/session` takes a token (`{"token": "..."}`, Content-Type application/json) and sets the session's cookie; `{}` where none
 * is needed. 401 with HTTP_UNAUTHORIZED where it is wrong. `GET /api/session` says who the asker is; 401 where a token is needed and
 * neither token nor cookie is shown. `DELETE /api/session` ends it, the connections of `/api/events` that it opened included: 204.
 */
export interface SessionRequest {
  readonly token?: string;
}

export interface SessionAnswer {
  readonly role: Role;
  readonly agent: string;
  readonly version: string;
  /** Whether a token stands behind this; false: whoever is on this machine may act. */
  readonly tokenNeeded: boolean;
  /** Null where the asker showed a token instead, or needs neither. */
  readonly session: {
    /** Its first characters, as the log names it. */
    readonly id: string;
    /** RFC 3339: when it ends at the latest; it ends sooner when it is not used. */
    readonly until: string;
  } | null;
}

/**
 * `GET /api/cameras/<id>/threshold-preview?threshold=x`: what a threshold would have meant for what was judged in the last hour.
 * Scores are kept in steps of one percent: counts are as exact as that.
 */
export interface ThresholdPreview {
  readonly camera: string;
  readonly threshold: number;
  /** What is counted: parts where the camera sees parts, else frames. */
  readonly unit: "part" | "frame";
  /** RFC 3339: of the hour, or since the agent started. */
  readonly from: string;
  readonly to: string;
  /** Those that have a score. */
  readonly judged: number;
  /** Parts that could not be judged: no threshold changes them. */
  readonly unknown: number;
  readonly rejected: {
    /** By the thresholds that were in force then. */
    readonly past: number;
    /** As many as the threshold now in force would have rejected; null until the model is there. */
    readonly inForce: number | null;
    readonly proposed: number;
  };
  /** Good ones at present that it would reject, bad ones at present that it would pass; of them one is always 0. */
  readonly more: number;
  readonly fewer: number;
}

/** `GET /api/cameras/<id>/scores?minutes=60`: a history of up to an hour, thinned to at most 720 steps. */
export interface ScoresAnswer extends ScoreHistory {
  readonly camera: string;
}
