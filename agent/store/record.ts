import { createHash } from "node:crypto";

const SEAL_BYTES = 8;

/** A value with a check of itself and its key in front: LevelDB checks its blocks on request alone, and this binding never asks. */
export function seal(key: string, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(SEAL_BYTES + value.length);
  sealed.set(checkOf(key, value));
  sealed.set(value, SEAL_BYTES);
  return sealed;
}

/** The value that was sealed; null when a bit of it, or of its key, is not what it was. */
export function unseal(key: string, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < SEAL_BYTES) return null;
  const value = sealed.subarray(SEAL_BYTES);
  return checkOf(key, value).equals(sealed.subarray(0, SEAL_BYTES)) ? value : null;
}

function checkOf(key: string, value: Uint8Array): Buffer {
  return createHash("sha256").update(key).update("\0").update(value).digest().subarray(0, SEAL_BYTES);
}
