import { type EvidenceStore, isAlertId } from "../../agent/evidence/store.js";

/** In memory. */
export function memoryEvidence(maxBytes = 180_000): EvidenceStore {
  const pictures = new Map<string, Uint8Array>();
  const bytes = () => [...pictures.values()].reduce((sum, jpeg) => sum + jpeg.byteLength, 0);
  return {
    async put(alertId, jpeg) {
      if (jpeg.byteLength > maxBytes) return { kept: false, reason: "quota", message: "too large" };
      pictures.set(alertId, jpeg.slice());
      for (const id of [...pictures.keys()].sort()) if (bytes() > maxBytes) pictures.delete(id);
      return { kept: true };
    },
    read: async (alertId) => (isAlertId(alertId) ? (pictures.get(alertId) ?? null) : null),
  };
}
