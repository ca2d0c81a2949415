/** What a live view is told: cameras, health, alerts, verdicts and pictures, with whatever a test needs to differ. */
import type {
  LiveCamera,
  LiveCounts,
  LiveHealth,
  LivePicture,
  ScoreHistory,
  ThresholdPreview,
} from "../../agent/contract/live-events.js";
import type { VerdictPayload } from "../../agent/contract/part-payloads.js";
import type { WholeAlert } from "../../agent/contract/whole-alert.js";
import type { PartOutcome } from "../../agent/types.js";
import { encodeJpeg } from "../../models/pictures/images.js";
import { alertId, alertStep } from "./alert-step.js";

const model = { name: "demo", version: "2.0.0", sha256: "0123456789abcdef".repeat(4), provider: "cpu" };
const now = (): string => new Date().toISOString();
export const SIZE = { width: 256, height: 256 };

export function liveCamera(id: string, rest: Partial<LiveCamera> = {}): LiveCamera {
  const changed = { by: null, since: null };
  return {
    id,
    enabled: true,
    model: "plate",
    source: "demo",
    state: "ok",
    reason: null,
    blind: null,
    since: now(),
    threshold: 0.32,
    inForce: {
      threshold: { value: 0.32, source: "model", configured: "model", ...changed },
      enabled: { value: true, source: "configuration", configured: true, ...changed },
      shelved: null,
    },
    alarm: { raiseAfter: 2, within: 2, clearAfter: 5, clearBelow: 0.9 },
    part: { per: "frame", deadlineMs: null },
    drift: {
      state: "stable",
      since: now(),
      reason: "as they should",
      direction: null,
      fromStart: false,
      spreads: 0,
      proposedThreshold: null,
    },
    ...rest,
  };
}

const counts: LiveCounts = {
  captured: 18_204,
  scored: 18_190,
  dropped: { "newer-frame": 12 },
  failed: 1,
  inFlight: 1,
  share: 18_190 / 18_204,
  fps: 9.8,
  latencyMs: { p50: 41, p99: 77 },
  parts: { ok: 3_010, ng: 31, unknown: 2, late: 0 },
  partsOfHour: { ok: 598, ng: 6, unknown: 1, late: 0 },
  alerts: { heldBack: { shelved: 0, flood: 0 }, shelvedUntil: null },
};

export function health(cameras: readonly string[], rest: Partial<LiveHealth> = {}): LiveHealth {
  return {
    ts: now(),
    uptimeS: 7_300,
    broker: { connected: true, protocol: "5", waiting: 0, lost: {}, trouble: null },
    outbox: {
      depth: 0,
      ageMs: 0,
      bytes: 0,
      evidence: 0,
      verdicts: 0,
      undurable: 0,
      full: false,
      lost: {},
      gaps: [],
      damage: [],
    },
    evidence: null,
    models: {
      plate: {
        ...model,
        providers: {
          used: "cpu",
          tried: [
            { provider: "tensorrt", taken: false, reason: "this build of ONNX Runtime has none" },
            { provider: "cuda", taken: false, reason: "no NVIDIA GPU" },
            { provider: "cpu", taken: true, reason: "" },
          ],
        },
      },
    },
    selfTests: {},
    cameras: Object.fromEntries(cameras.map((id) => [id, counts])),
    machine: null,
    ...rest,
  };
}

/** A minute ago each, the latest first. */
export function wholeAlert(n: number, rest: Partial<WholeAlert> = {}): WholeAlert {
  const ts = new Date(Date.now() - n * 60_000).toISOString();
  const { atPeak: _none, ...step } = alertStep(n, n, 0, { score: 0.61, peak: 0.61, threshold: 0.32, model });
  return { ...step, id: alertId(n), ts, since: ts, peakTs: ts, steps: [], stepCount: 1, ...rest };
}

export function partVerdict(seq: number, verdict: PartOutcome, rest: Partial<VerdictPayload> = {}): VerdictPayload {
  return {
    v: 1,
    ts: now(),
    seq,
    camera: "cam1",
    part: seq,
    verdict,
    reason: verdict === "unknown" ? "PART_NO_FRAME: no picture of it came" : null,
    unknownIs: null,
    score: verdict === "unknown" ? null : verdict === "ng" ? 0.52 : 0.21,
    threshold: 0.32,
    frames: 6,
    frame: seq * 6,
    regions: [],
    evidence: null,
    latencyMs: 44,
    deadlineMs: null,
    late: false,
    model,
    context: { lot: "L-204", recipe: "plate" },
    replayed: false,
    ...rest,
  };
}

/** Ten minutes up to now, with a defect each minute. */
export function scoreHistory(): ScoreHistory {
  const steps = [...Array(600).keys()];
  const max = steps.map((s) => (s % 60 === 30 ? 0.55 : 0.2 + 0.05 * Math.sin(s / 9) + 0.02 * Math.sin(s * 3)));
  const fromMs = Math.floor(Date.now() / 1000) * 1000 - 600_000;
  return {
    stepMs: 1_000,
    atMs: steps.map((s) => fromMs + s * 1_000),
    min: max.map((score) => score * 0.8),
    max,
    threshold: steps.map(() => 0.32),
    frames: steps.map(() => 10),
    anomalous: max.map((score) => (score > 0.32 ? 10 : 0)),
  };
}

export function preview(threshold: number): ThresholdPreview {
  return {
    camera: "cam1",
    threshold,
    unit: "part",
    from: new Date(Date.now() - 3_600_000).toISOString(),
    to: now(),
    judged: 604,
    unknown: 1,
    rejected: { past: 6, inForce: 6, proposed: 18 },
    more: 12,
    fewer: 0,
  };
}

/** A grey plate with a warm spot where its defect is. @param frame its number */
export async function livePicture(
  camera: string,
  frame: number,
  rest: Partial<LivePicture> = {},
): Promise<LivePicture> {
  const { width, height } = SIZE;
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const grey = 96 + 60 * Math.sin((x + frame * 4) / 21) * Math.cos(y / 17);
      const dark = Math.hypot(x - 170, y - 90) < 14 ? 0.35 : 1;
      for (const channel of [0, 1, 2]) pixels[(y * width + x) * 3 + channel] = grey * dark;
    }
  }
  const map = new Uint8Array(64 * 64).map((_, index) => {
    const from = Math.hypot((index % 64) - 42.5, Math.floor(index / 64) - 22.5);
    return 230 * Math.exp(-(from * from) / 60);
  });
  return {
    camera,
    frame,
    ts: now(),
    score: 0.58,
    threshold: 0.32,
    anomalous: true,
    regions: [{ x: 310, y: 150, width: 60, height: 60, area: 2_400, score: 0.58 }],
    view: { x: 0, y: 0, width: 512, height: 512 },
    context: null,
    width,
    height,
    jpeg: (await encodeJpeg(pixels, SIZE)).toString("base64"),
    map: Buffer.from(map).toString("base64"),
    mapWidth: 64,
    mapHeight: 64,
    mapScale: 0.64,
    ...rest,
  };
}
