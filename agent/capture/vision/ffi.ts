/** Calls into a C library of GLib's family. The only file that imports koffi. */
import { createRequire } from "node:module";

/** The address of a C object. */
export type Ref = bigint;

/** A C type: by name, or one of koffi's own. */
type Type = unknown;

interface NativeFunction {
  (...given: readonly unknown[]): unknown;
  /** In a thread of libuv's pool; the last argument is called back. */
  async(...given: readonly unknown[]): void;
}

interface NativeLibrary {
  func(name: string, result: Type, parameters: readonly Type[]): NativeFunction;
}

interface Koffi {
  /** null: what the process has loaded already. */
  load(path: string | null): NativeLibrary;
  struct(fields: Readonly<Record<string, string>>): Type;
  pointer(type: Type): Type;
  out(type: Type): Type;
  array(type: string, length: number, hint: "Typed"): Type;
  decode(ref: Ref, type: Type, length?: number): unknown;
}

export interface Library {
  /** A call that only computes. */
  sync<A extends readonly unknown[], R>(name: string, result: Type, parameters: readonly Type[]): (...given: A) => R;
  /** A call that may wait: off the main thread. */
  away<A extends readonly unknown[], R>(
    name: string,
    result: Type,
    parameters: readonly Type[],
  ): (...given: A) => Promise<R>;
  /** The same with a GError as its last parameter, which is not given here. Rejects with its words. */
  asking<A extends readonly unknown[], R>(
    name: string,
    result: Type,
    parameters: readonly Type[],
  ): (...given: A) => Promise<R>;
}

let koffi: Koffi | undefined;

function ffi(): Koffi {
  koffi ??= createRequire(import.meta.url)("koffi") as Koffi;
  return koffi;
}

/** Throws with the loader's words where there is no such library. */
export function loadLibrary(soname: string): Library {
  const { load, struct, decode } = ffi();
  const library = load(soname);
  const gerror = struct({ domain: "uint32_t", code: "int", message: "const char *" });
  const errorSlot = out("void *");
  const freeError = load("libglib-2.0.so.0").func("g_error_free", "void", ["void *"]);

  function away<R>(native: NativeFunction, given: readonly unknown[]): Promise<R> {
    return new Promise((resolve, reject) => {
      native.async(...given, (thrown: Error | null, result: R) => {
        if (thrown === null) resolve(result);
        else reject(thrown);
      });
    });
  }

  return {
    sync<A extends readonly unknown[], R>(name: string, result: Type, parameters: readonly Type[]) {
      const native = library.func(name, result, parameters);
      return (...given: A) => native(...given) as R;
    },
    away<A extends readonly unknown[], R>(name: string, result: Type, parameters: readonly Type[]) {
      const native = library.func(name, result, parameters);
      return (...given: A) => away<R>(native, given);
    },
    asking<A extends readonly unknown[], R>(name: string, result: Type, parameters: readonly Type[]) {
      const native = library.func(name, result, [...parameters, errorSlot]);
      return async (...given: A): Promise<R> => {
        const error: [Ref | null] = [null];
        const answer = await away<R>(native, [...given, error]);
        if (error[0] === null) return answer;
        const { message } = decode(error[0], gerror) as { message: string };
        freeError(error[0]);
        throw new Error(message);
      };
    },
  };
}

/** A parameter through which a value of that type comes back: given as an array of one. */
export function out(type: string): Type {
  return ffi().out(ffi().pointer(type));
}

/** An array of C strings. */
export function stringsAt(list: Ref, count: number): readonly string[] {
  return ffi().decode(list, "const char *", count) as string[];
}

/** A copy of memory. */
export function bytesAt(start: Ref, length: number): Uint8Array<ArrayBuffer> {
  return ffi().decode(start, ffi().array("uint8_t", length, "Typed")) as Uint8Array<ArrayBuffer>;
}

/**
 * Ends the process as C's `_exit` does: Node joins its threads before it exits, and one of them may wait for a dead camera's
 * answers, or for an inference. Throws where koffi cannot be loaded.
 */
export function exitAtOnce(status: number): void {
  ffi().load(null).func("_exit", "void", ["int"])(status);
}

/**
 * The kernel's account of its clock: `struct timex` of adjtimex(2), asked to change nothing, which needs no rights; null where it refuses.
 * Throws where koffi cannot be loaded.
 */
export function adjtimex(): Uint8Array | null {
  // 208 bytes on 64-bit Linux.
  const timex = Buffer.alloc(256);
  const answer = ffi().load(null).func("adjtimex", "int", ["void *"])(timex);
  return answer === -1 ? null : timex;
}
