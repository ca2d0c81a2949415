import { join } from "node:path";
import type { EvidenceConfig } from "../../config/types.js";
import { CodedError, messageOf } from "../../errors.js";
import { makeFolders } from "../../replace-file.js";
import type { FeedbackKept } from "../contract/learning.js";
import type { EvidenceHealth } from "../contract/payloads.js";
import { rateLimited } from "../kit/rate-limited.js";
import type { AlertStep, FeedbackVerdict, Outcome, PartVerdict, Verdict } from "../types.js";
import { Archive } from "./archive.js";
import { drawings } from "./drawings.js";
import { pictureDue, pictureRate } from "./due.js";
import { diskFeedback, type KeptForTraining } from "./feedback.js";
import { feedbackKept } from "./feedback-kept.js";
import { type EvidenceMaker, type MakerOptions, openEvidenceMaker } from "./maker.js";
import { partFrameId } from "./part-frames.js";
import { diskRawFrames, type HeldFrames, leftRawFrames } from "./raw-frames.js";
import { recentFrames } from "./recent.js";
import { diskEvidence, leftEvidence } from "./store.js";
import type { Picture } from "./subject.js";
import { worstAlerts } from "./worst.js";

/** What is kept of that which a camera saw when it raised an alert. Nothing here rejects unless it says so. */
export interface Evidence {
  /** Takes what became of each frame, before the alerts that come of it are reported. */
  readonly saw: (outcome: Outcome) => void;
  /**
   * The picture of a step, for the turn in which the step is reported: its frame must still be the camera's newest, or that of its
   * latest part. A step that comes late (the end of a shelving, a flood's summary) has none. Every raise gets its own; kept here is
   * that of the worst.
   * @returns null where no picture is due; else a promise that settles within a second, to null where none could be made
   */
  pictureOf(step: AlertStep): Promise<Picture | null> | null;
  /** The JPEG of an alert, null where there is none, or none any more. @throws what the file system does */
  read(alertId: string): Promise<Uint8Array | null>;
  /** See Feedback. @throws CodedError; EVIDENCE_OFF, too */
  keepForFeedback(alertId: string, verdict: FeedbackVerdict): Promise<KeptForTraining>;
  /** Takes what is kept of a part, in the turn in which it is judged: its verdict has no number yet. */
  holdPart(part: JudgedPart): HeldPart;
  /** As `keepForFeedback`, of a part by its verdict's `seq`. */
  keepPartForFeedback(camera: string, seq: number, verdict: FeedbackVerdict): Promise<KeptForTraining>;
  /** Frames that people have judged; null where evidence is switched off. @throws what the file system does */
  feedback(): Promise<FeedbackKept | null>;
  /** Gives evidence up where the disk is nearly full: whatever else is written there outranks it. */
  makeRoom(): Promise<void>;
  /** Null where evidence is switched off. */
  health(): EvidenceHealth | null;
  /** Pictures on their way are finished if they are quick. Safe to call twice. */
  close(): Promise<void>;
}

/** A part, and what is wanted of it. */
export interface JudgedPart {
  readonly verdict: Pick<PartVerdict, "verdict" | "regions">;
  /** The worst of its pictures; null where none was judged. */
  readonly worst: Verdict | null;
  /** Whether a picture is wanted. */
  readonly isPictured: boolean;
}

/** What may be kept of a part. `keep` or `drop` is to be called. */
export interface HeldPart {
  /** As `pictureOf`'s: null where none is wanted, or too many are. */
  readonly picture: Promise<Picture | null> | null;
  /** Keeps the raw frame of a bad part, for feedback. @param seq of the part's verdict */
  keep(seq: number): void;
  drop(): void;
}

export interface EvidenceOptions {
  readonly config: EvidenceConfig;
  readonly statePath: string;
  /** By their ids; they share the ring's memory. */
  readonly cameras: readonly string[];
  readonly log: { warn(text: string): void; error(text: string): void };
  /** Monotonic. */
  readonly nowMs: () => number;
  /** How long ago something was that has this timestamp, epoch milliseconds. */
  readonly ageMs: (stampMs: number) => number;
  readonly openMaker?: (options: MakerOptions) => EvidenceMaker;
}

const TEND_MS = 60_000;
const DAY_MS = 86_400_000;
const MIB = 1_048_576;

export async function openEvidence(options: EvidenceOptions): Promise<Evidence> {
  const { config, statePath, log, nowMs } = options;
  if (!config.enabled) return switchedOff;
  const folder = (name: string): string => join(statePath, name);
  const maxBytes = config.maxMb * MIB;
  const archive = new Archive({ root: statePath, maxBytes, keepMs: config.keepDays * DAY_MS, ageMs: options.ageMs });
  const store = diskEvidence(folder("evidence"), archive);
  const raw = diskRawFrames(folder("frames"), archive);
  const feedback = diskFeedback(folder("feedback"), archive, maxBytes);
  let isAdopted = false;
  /** Until it is in the account it counts for no bound, and is never given up. */
  const adopt = async (): Promise<void> => {
    await makeFolders(statePath, { mode: 0o700 });
    await archive.adopt(async () => {
      const left = await Promise.all([leftEvidence(folder("evidence")), leftRawFrames(folder("frames"))]);
      isAdopted = true;
      return left.flat();
    });
  };
  await adopt().catch((error: unknown) => log.error(`evidence of earlier runs cannot be read: ${messageOf(error)}`));
  const recent = recentFrames({
    frames: config.ringFrames,
    bytes: config.ringMb * MIB,
    cameras: options.cameras.length,
  });
  const maker = (options.openMaker ?? openEvidenceMaker)({
    quality: config.quality,
    onRestart: (reason) => log.error(`evidence: its thread is started again: ${reason}`),
  });
  const isDue = pictureDue(nowMs);
  const isPartDue = pictureRate(nowMs);
  const isWorst = worstAlerts();
  const warn = rateLimited<{ code: string; text: string }>(({ text }) => log.warn(text), nowMs);
  const tend = (): Promise<void> =>
    (isAdopted ? archive.tend() : adopt()).catch((error: unknown) =>
      warn({ code: "tend", text: `evidence on disk: ${messageOf(error)}` }),
    );
  const tending = setInterval(() => void tend(), TEND_MS).unref();

  const counts = {
    made: 0,
    skipped: { rate: 0, late: 0 },
    failed: {},
    framesKept: 0,
    modelSize: 0,
    framesFailed: {},
    unstored: {},
  };
  const failed = (what: Record<string, number>, reason: string, text: string): void => {
    what[reason] = (what[reason] ?? 0) + 1;
    warn({ code: reason, text });
  };

  const keepRaw = async (held: HeldFrames, id: string, of: string): Promise<void> => {
    const kept = await held.keep(id);
    if (!kept.kept) {
      failed(counts.framesFailed, kept.reason, `the raw frames of ${of} are not kept: ${kept.message}`);
      return;
    }
    counts.framesKept += 1;
    if (kept.size === "model") counts.modelSize += 1;
  };
  const draw = drawings({
    maker,
    onMade: () => {
      counts.made += 1;
    },
    onFailed: (reason, text) => failed(counts.failed, reason, text),
  });
  const keepPicture = async (id: string, { jpeg }: Picture): Promise<void> => {
    const kept = await store.put(id, jpeg);
    if (!kept.kept)
      failed(counts.unstored, kept.reason, `the picture of alert ${id} is not kept here: ${kept.message}`);
  };

  const keepForFeedback = async (alertId: string, verdict: FeedbackVerdict): Promise<KeptForTraining> => {
    // The frames of an alert that was raised a moment ago may still be on their way to the disk.
    await raw.settled();
    return feedback.keep(alertId, verdict);
  };

  return {
    saw: (outcome) => {
      if (outcome.kind === "inspected") recent.push(outcome.inspection);
    },
    pictureOf(step) {
      const inspection = recent.inspectionAt(step.camera, step.tsMs);
      const due = isDue(step, inspection !== null);
      if (due === "rate" || due === "late") counts.skipped[due] += 1;
      if (due !== "due" || inspection === null) return null;
      // One that comes back weaker does not take the place of what the alert is shown by.
      const worst = isWorst(step);
      if (worst && step.phase === "raised" && config.ringFrames > 0) {
        const before = recent.frames(step.camera).filter(({ number }) => number < inspection.frame.number);
        void keepRaw(raw.hold("alert", before, inspection.frame), step.id, `alert ${step.id}`);
      }
      const drawn = draw(inspection, step.threshold, step.regions, `alert ${step.id}`);
      if (worst) void drawn.then((picture) => picture && keepPicture(step.id, picture));
      return drawn;
    },
    read: (alertId) => store.read(alertId),
    keepForFeedback,
    holdPart({ verdict: { verdict, regions }, worst, isPictured }) {
      if (worst === null) return NOTHING_HELD;
      const { inspection, threshold } = worst;
      const { camera } = inspection.frame;
      recent.ofPart(inspection);
      const held = verdict === "ng" && config.ringFrames > 0 ? raw.hold("part", [], inspection.frame) : null;
      const isDue = isPictured && isPartDue(camera);
      if (isPictured && !isDue) counts.skipped.rate += 1;
      return {
        picture: isDue ? draw(inspection, threshold.value, regions, `a part of ${camera}`) : null,
        keep: (seq) => held && void keepRaw(held, partFrameId(camera, seq), `part ${seq} of ${camera}`),
        drop: () => held?.drop(),
      };
    },
    keepPartForFeedback: (camera, seq, verdict) => keepForFeedback(partFrameId(camera, seq), verdict),
    feedback: () => feedbackKept(folder("feedback"), options.cameras),
    makeRoom: tend,
    health: () => ({
      made: counts.made,
      skipped: { ...counts.skipped },
      failed: { ...counts.failed },
      frames: { kept: counts.framesKept, modelSize: counts.modelSize, failed: { ...counts.framesFailed } },
      stored: { ...archive.health(), failed: { ...counts.unstored } },
    }),
    async close() {
      clearInterval(tending);
      await maker.close();
      await raw.close();
      await archive.settled();
    },
  };
}

const NOTHING_HELD: HeldPart = { picture: null, keep: () => undefined, drop: () => undefined };

const switchedOff: Evidence = {
  saw: () => undefined,
  pictureOf: () => null,
  read: async () => null,
  keepForFeedback: () => Promise.reject(nothingKept()),
  holdPart: () => NOTHING_HELD,
  keepPartForFeedback: () => Promise.reject(nothingKept()),
  feedback: async () => null,
  makeRoom: async () => undefined,
  health: () => null,
  close: async () => undefined,
};

function nothingKept(): CodedError {
  return new CodedError("EVIDENCE_OFF", "no raw frames are kept here", { at: "evidence.enabled" });
}
