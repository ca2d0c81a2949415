/** C libraries. The only file that imports koffi. */
import { createRequire } from "node:module";

/** The address of a C object. */
export type Ref = bigint;

/** A C type: by name, or one of koffi's own. */
export type Type = unknown;

export interface NativeFunction {
  (...given: readonly unknown[]): unknown;
  /** In a thread of libuv's pool; the last argument is called back. */
  async(...given: readonly unknown[]): void;
}

export interface NativeLibrary {
  func(name: string, result: Type, parameters: readonly Type[]): NativeFunction;
}

export interface Koffi {
  /** null: what the process has loaded already. */
  load(path: string | null): NativeLibrary;
  struct(fields: Readonly<Record<string, string>>): Type;
  pointer(type: Type): Type;
  out(type: Type): Type;
  array(type: string, length: number, hint: "Typed"): Type;
  decode(ref: Ref, type: Type, length?: number): unknown;
  /** What the last call in this thread left in C's errno. */
  errno(): number;
}

let koffi: Koffi | undefined;

/** Throws where koffi cannot be loaded. */
export function ffi(): Koffi {
  koffi ??= createRequire(import.meta.url)("koffi") as Koffi;
  return koffi;
}
