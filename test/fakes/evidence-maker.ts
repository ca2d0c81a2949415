import { createHash } from "node:crypto";
import type { EvidenceMaker } from "../../agent/evidence/maker.js";

export interface FakeMakerOptions {
  /** Awaited before each picture. */
  readonly delay?: () => Promise<void>;
}

/** Wraps the frame's first byte into what looks like a JPEG. */
export function fakeMaker({ delay }: FakeMakerOptions = {}): EvidenceMaker {
  let closed = false;
  return {
    async make({ pixels, map, size }) {
      await delay?.();
      if (closed) return { kind: "failed", reason: "stopped", message: "closed" };
      if (map.length !== size.width * size.height) return { kind: "failed", reason: "render", message: "no map" };
      const jpeg = Uint8Array.of(0xff, 0xd8, pixels[0]!, 0xff, 0xd9);
      return { kind: "made", picture: { jpeg, sha256: createHash("sha256").update(jpeg).digest("hex") } };
    },
    async close() {
      closed = true;
    },
  };
}
