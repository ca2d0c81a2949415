import { CodedError } from "../../errors.js";

/** What goes wrong with a store, from Node's, abstract-level's and LevelDB's words for it. */

const remedies = {
  STORE_FULL: "Make room on the disk: what is given up until then is counted in health.",
  STORE_LOCKED: "Another agent uses this folder: stop it, or set state.path to another one.",
  STORE_DAMAGED: "What is intact was saved; the damaged files are kept beside it. Check the disk.",
  STORE_FAILED: "Check the disk, and that this user may write there.",
  STORE_UNUSABLE: "Check the disk, and that this user may write there.",
  STORE_CLOSED: "Open it again.",
} as const;

export type StoreCode = keyof typeof remedies;

export function storeError(code: StoreCode, message: string, at: string, cause?: unknown): CodedError {
  return new CodedError(code, message, { remedy: remedies[code], at, cause });
}

/** @param otherwise for what has no code of its own */
export function coded(error: unknown, at: string, otherwise: StoreCode = "STORE_FAILED"): CodedError {
  if (error instanceof CodedError) return error;
  const { code, message } = causeOf(error);
  if (code === "LEVEL_LOCKED") return storeError("STORE_LOCKED", "another process has the store open", at, error);
  if (isFull(error)) return storeError("STORE_FULL", `the disk is full: ${message}`, at, error);
  return storeError(otherwise, message, at, error);
}

export function isFull(error: unknown): boolean {
  const { code, message } = causeOf(error);
  return code === "STORE_FULL" || /ENOSPC|EDQUOT|no space left|quota exceeded/i.test(`${code} ${message}`);
}

export function isCorrupt(error: unknown): boolean {
  return causeOf(error).code === "LEVEL_CORRUPTION";
}

/** abstract-level wraps what LevelDB said. */
export function causeOf(error: unknown): { readonly code: string; readonly message: string } {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const code = inner instanceof Error && "code" in inner ? String(inner.code) : "";
  return { code, message: inner instanceof Error ? inner.message : String(inner) };
}
