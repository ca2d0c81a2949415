import { partOf } from "../../config/parts.js";
import type { VerdictPayload } from "../contract/part-payloads.js";
import type { AlertPayload, CameraState } from "../contract/payloads.js";
import type { Outcome } from "../types.js";
import { MetricGroup, type MetricSource, type Reading, type Write } from "./metric-group.js";
import type { Value } from "./payload.js";
import type { SparkplugCamera } from "./view.js";
import { type Finding, Waiting } from "./waiting.js";

/** Whose values are of now. `idle`: the line stands still, the camera is well. */
const LIVE: ReadonlySet<CameraState> = new Set(["ok", "anomalous", "idle"]);

/** Aliases from one camera's first to the next one's. */
const ALIASES = 1_000;

/** One camera as a device of Sparkplug: what was found at it, and its metrics. */
export class CameraDevice {
  readonly metrics: MetricGroup;
  readonly waiting: Waiting;
  /** Whether a host knows it as alive. */
  isBorn = false;
  readonly #camera: SparkplugCamera;
  #score: Reading = { value: null };
  #alert: Finding | null = null;
  #verdict: Finding | null = null;
  #fps: number | null = null;
  #counted: { readonly scored: number; readonly atMs: number } | null = null;

  /** @param index of its place among the cameras @param maxWaiting the most findings */
  constructor(camera: SparkplugCamera, { index, maxWaiting }: { readonly index: number; readonly maxWaiting: number }) {
    this.#camera = camera;
    this.waiting = new Waiting(maxWaiting);
    this.metrics = new MetricGroup(this.#sources(), ALIASES * (index + 1));
  }

  get id(): string {
    return this.#camera.config.id;
  }

  /** Whether what is known of it is of now: its pictures come and are judged. */
  get isAlive(): boolean {
    const { enabled, standing } = this.#camera;
    return enabled && LIVE.has(standing.state) && standing.ended !== true;
  }

  saw(outcome: Outcome): void {
    if (outcome.kind !== "inspected") return;
    const { score, frame } = outcome.inspection;
    this.#score = { value: score, atMs: frame.capturedAtMs };
  }

  /** Frames judged a second since it was called last. @param nowMs the monotonic clock */
  count(nowMs: number): void {
    const { scored } = this.#camera.ledger.counts();
    const before = this.#counted;
    this.#counted = { scored, atMs: nowMs };
    if (before === null || nowMs <= before.atMs) return;
    this.#fps = Math.round(((scored - before.scored) * 10_000) / (nowMs - before.atMs)) / 10;
  }

  judged({ seq, part, verdict, reason, score, late, ts }: VerdictPayload): Finding {
    const values = {
      "Verdict/Number": seq,
      "Verdict/Part": String(part),
      "Verdict/Result": verdict,
      "Verdict/Reason": reason,
      "Verdict/Score": score,
      "Verdict/Late": late,
    };
    this.#verdict = { atMs: Date.parse(ts), values };
    return this.#verdict;
  }

  alerted({ seq, id, phase, peak, raises, ts }: AlertPayload): Finding {
    const values = {
      "Alert/Number": seq,
      "Alert/Id": id,
      "Alert/Phase": phase,
      "Alert/Peak": peak,
      "Alert/Raises": raises,
    };
    this.#alert = { atMs: Date.parse(ts), values };
    return this.#alert;
  }

  #sources(): readonly MetricSource[] {
    const camera = this.#camera;
    const prompt = { pace: "prompt" } as const;
    const of = (finding: Finding | null, name: string): Reading =>
      finding === null ? { value: null } : { value: finding.values[name] ?? null, atMs: finding.atMs };
    const alert = (name: string) => ({ name, ...prompt, read: () => of(this.#alert, name) });
    const verdict = (name: string) => ({ name, ...prompt, read: () => of(this.#verdict, name) });
    const parts = (name: string, read: () => Value) => ({
      ...({ name, datatype: "UInt64", ...prompt } as const),
      read: () => ({ value: read() }),
    });
    const seesParts = partOf(camera.config) !== null;
    return [
      { name: "State", datatype: "String", ...prompt, read: () => ({ value: camera.standing.state }) },
      { name: "Reason", datatype: "String", ...prompt, read: () => ({ value: camera.standing.reason }) },
      {
        ...{ name: "Enabled", datatype: "Boolean", ...prompt },
        read: () => ({ value: camera.enabled }),
        write: (value) => enabling(camera.config.id, value),
      },
      {
        ...{ name: "Threshold", datatype: "Double", ...prompt },
        read: () => ({ value: camera.threshold() }),
        write: (value) =>
          typeof value === "number"
            ? { command: "threshold", args: { camera: camera.config.id, threshold: value } }
            : null,
      },
      { name: "Score", datatype: "Double", pace: "paced", read: () => this.#score },
      { name: "Frames per Second", datatype: "Double", pace: "paced", read: () => ({ value: this.#fps }) },
      {
        ...{ name: "Alert/Active", datatype: "Boolean", ...prompt },
        read: () => ({ value: camera.alerts.life.standing !== null }),
      },
      { ...alert("Alert/Number"), datatype: "UInt64" },
      { ...alert("Alert/Id"), datatype: "String" },
      { ...alert("Alert/Phase"), datatype: "String" },
      { ...alert("Alert/Peak"), datatype: "Double" },
      { ...alert("Alert/Raises"), datatype: "UInt32" },
      ...(seesParts
        ? ([
            { ...verdict("Verdict/Number"), datatype: "UInt64" },
            { ...verdict("Verdict/Part"), datatype: "String" },
            { ...verdict("Verdict/Result"), datatype: "String" },
            { ...verdict("Verdict/Reason"), datatype: "String" },
            { ...verdict("Verdict/Score"), datatype: "Double" },
            { ...verdict("Verdict/Late"), datatype: "Boolean" },
            parts("Parts/OK", () => camera.parts?.ok ?? null),
            parts("Parts/NG", () => camera.parts?.ng ?? null),
            parts("Parts/Unknown", () => camera.parts?.unknown ?? null),
            parts("Parts/Late", () => camera.parts?.late ?? null),
          ] as const)
        : []),
    ];
  }
}

/** What the writing of a camera's `Enabled` asks for. */
export function enabling(camera: string, value: Value): Write | null {
  return typeof value === "boolean" ? { command: value ? "enable" : "disable", args: { camera } } : null;
}
