/** Calls into a C library of GLib's family. */
import { ffi, type NativeFunction, type Ref, type Type } from "../../kit/ffi.js";

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
