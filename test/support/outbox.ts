import { v7 as uuidv7 } from "uuid";
import { type OutboxOptions, openOutbox } from "../../agent/outbox/open.js";
import type { Evidence, Outbox } from "../../agent/outbox/outbox.js";
import { openMemoryStore } from "../../agent/store/memory-store.js";
import type { AlertStep, PartVerdict } from "../../agent/types.js";
import { temporaryFolder } from "./config.js";

export const MB = 1_048_576;

/** An outbox that forgets, in a folder that goes, unless told otherwise. */
export function testOutbox(rest: Partial<OutboxOptions> = {}): Promise<Outbox> {
  return openOutbox({
    statePath: temporaryFolder(),
    base: "retort/line-7",
    cameras: ["cam1", "cam2"],
    maxBytes: 16 * MB,
    maxAgeMs: 3_600_000,
    onTrouble: () => undefined,
    openStore: async () => openMemoryStore(),
    ...rest,
  });
}

/** An alert's step, raised unless told otherwise, as long as real ones are. */
export function alertStep(rest: Partial<AlertStep> = {}): AlertStep {
  return {
    id: uuidv7(),
    phase: "raised",
    camera: "cam1",
    tsMs: Date.now(),
    score: 1.5,
    threshold: 1,
    calibration: null,
    peak: 1.75,
    durationMs: 200,
    frames: 2,
    raises: 1,
    regions: Array.from({ length: 3 }, (_, n) => ({ x: 10 * n, y: 20, width: 30, height: 40, area: 900, score: 1.5 })),
    model: { name: "plate", version: "1.0.0", sha256: "0".repeat(64), provider: "cpu" },
    context: null,
    ...rest,
  };
}

/** A good part's verdict unless told otherwise, as long as real ones are. */
export function partVerdict(rest: Partial<PartVerdict> = {}): PartVerdict {
  return {
    camera: "cam1",
    part: 1,
    verdict: "ok",
    reason: null,
    unknownIs: null,
    tsMs: Date.now(),
    score: 0.5,
    threshold: 1,
    frames: 1,
    frame: 1,
    regions: [],
    latencyMs: 40,
    deadlineMs: 200,
    late: false,
    model: { name: "plate", version: "1.0.0", sha256: "0".repeat(64), provider: "cpu" },
    context: null,
    ...rest,
  };
}

export const plain = { evidence: null };

/** Bytes that stand for a JPEG. */
export function picture(bytes: number, fill = 7): Evidence {
  return { jpeg: new Uint8Array(bytes).fill(fill), sha256: fill.toString(16).padStart(64, "0") };
}
