import { CodedError, type ErrorCode } from "../../errors.js";

/** The errors of a store, made of Node's, abstract-level's and LevelDB's words. */

export type StoreCode = Extract<ErrorCode, `STORE_${string}`>;

export function storeError(code: StoreCode, message: string, at: string, cause?: unknown): CodedError {
  return new CodedError(code, message, { at, cause });
}

/** The coded error of anything that was thrown. @param otherwise the code of what has none of its own */
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

/** Lets a full disk pass, for what can be written later. @throws whatever else was thrown */
export function passFull(error: unknown): void {
  if (!isFull(error)) throw error;
}

export function isCorrupt(error: unknown): boolean {
  return causeOf(error).code === "LEVEL_CORRUPTION";
}

/** The code and the message of LevelDB or Node, which abstract-level wraps in its own. */
export function causeOf(error: unknown): { readonly code: string; readonly message: string } {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const code = inner instanceof Error && "code" in inner ? String(inner.code) : "";
  return { code, message: inner instanceof Error ? inner.message : String(inner) };
}
