import type { AlertStep } from "../types.js";

/** A picture of an alert that goes on is worth sending again when the defect is this much clearer than in the last one. */
const GROWTH = 1.25;
/** Pictures of one alert, the first included. */
const MAX_PER_ALERT = 3;
/** Of one camera, a second in the long run; and at once. */
const PER_SECOND = 2;
const BURST = 4;
/** Alerts that are open at once and remembered; far more than a line has. */
const MAX_OPEN = 256;

/** `rate` and `late`: it would be, but for the limit on their rate, or because its frame is gone. */
export type Due = "due" | "not-due" | "rate" | "late";

/**
 * Which steps get a picture: the raising one, and one whose score has grown by a quarter over the last picture's, up to three
 * an alert. Beyond two a second of one camera (four at once) they are left out: a storm of alerts must not become one of pictures.
 * @param nowMs monotonic
 */
export function pictureDue(nowMs: () => number): (step: AlertStep, framePresent: boolean) => Due {
  /** By alert: what its last picture showed. */
  const open = new Map<string, { score: number; pictures: number }>();
  const allowed = pictureRate(nowMs);

  return ({ id, phase, camera, score }, framePresent) => {
    if (phase === "cleared") open.delete(id);
    if (phase !== "raised" && phase !== "updated") return "not-due";
    const shown = open.get(id) ?? { score: 0, pictures: 0 };
    if (shown.pictures >= MAX_PER_ALERT || score < shown.score * GROWTH) return "not-due";
    if (!framePresent) return "late";
    const due = allowed(camera);
    open.set(id, due ? { score, pictures: shown.pictures + 1 } : shown);
    const [oldest] = open.keys();
    if (open.size > MAX_OPEN && oldest !== undefined) open.delete(oldest);
    return due ? "due" : "rate";
  };
}

/** Whether a camera may have one more picture: two a second, four at once. What it is asked for counts. @param nowMs monotonic */
export function pictureRate(nowMs: () => number): (camera: string) => boolean {
  const spent = new Map<string, { tokens: number; atMs: number }>();
  return (camera) => {
    const atMs = nowMs();
    const before = spent.get(camera) ?? { tokens: BURST, atMs };
    const tokens = Math.min(BURST, before.tokens + ((atMs - before.atMs) / 1_000) * PER_SECOND);
    const enough = tokens >= 1;
    spent.set(camera, { tokens: enough ? tokens - 1 : tokens, atMs });
    return enough;
  };
}
