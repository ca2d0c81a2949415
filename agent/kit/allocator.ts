/**
 * What glibc's malloc keeps of memory that nobody uses. Each of up to eight arenas a core keeps its own, and in each what is free lies between what
 * is not, so that pictures and maps that come and go leave a process that seems to grow for hours (belt of the demo line, nine minutes: 276 MB
 * anonymous as it is, 184 MB so). A fixed mmap threshold, which gives every picture back at once, holds as little and halved the frames/s of a
 * trivial model: each picture's pages would be new ones.
 */
import { ffi, type NativeFunction } from "./ffi.js";

/** Of mallopt(3). */
const M_ARENA_MAX = -8;
/** Inference and capture allocate rarely, and large: threads hardly wait for each other. */
const MOST_ARENAS = 2;
/** A trim takes milliseconds, in a thread of its own. */
const TRIM_EVERY_MS = 60_000;

/**
 * Has malloc share few arenas, and gives what is free back to the system once a minute for as long as the process lives. To be called before other
 * threads allocate. @returns whether that is so: only glibc has the means
 */
export function keepMemoryTrimmed(): boolean {
  const trim = trimmer();
  if (trim === null) return false;
  setInterval(() => trim.async(0, () => undefined), TRIM_EVERY_MS).unref();
  return true;
}

/** `malloc_trim` of a malloc that is told to share its arenas; null where the C library has none, or koffi cannot be loaded. */
export function trimmer(): NativeFunction | null {
  try {
    const libc = ffi().load(null);
    libc.func("mallopt", "int", ["int", "int"])(M_ARENA_MAX, MOST_ARENAS);
    return libc.func("malloc_trim", "int", ["size_t"]);
  } catch {
    // Another C library, such as musl, gives memory back by itself.
    return null;
  }
}

/** What malloc has, bytes. */
export interface MallocUse {
  readonly inUse: number;
  /** Kept for what will be asked for next: resident or given back to the system. */
  readonly free: number;
}

/** The fields of mallinfo2(3), each a size_t, in their order. */
const MALLINFO = [
  ...["arena", "ordblks", "smblks", "hblks", "hblkhd"],
  ...["usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"],
] as const;

/** Reads what malloc has in all arenas and in maps of its own; null where the C library has no mallinfo2 (glibc has it from 2.33 on). */
export function mallocUse(): (() => MallocUse) | null {
  try {
    const info = ffi().struct(Object.fromEntries(MALLINFO.map((name) => [name, "size_t"])));
    const read = ffi().load(null).func("mallinfo2", info, []);
    return () => {
      const { uordblks, fordblks, hblkhd } = read() as Record<(typeof MALLINFO)[number], number | bigint>;
      return { inUse: Number(uordblks) + Number(hblkhd), free: Number(fordblks) };
    };
  } catch {
    // Another C library, or an older one.
    return null;
  }
}
