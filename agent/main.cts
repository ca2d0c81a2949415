#!/usr/bin/env node
import v8 = require("node:v8");

/**
 * The entry. CommonJS on purpose: Node loads an ES module with libuv's thread pool, which fixes the pool's size before the
 * module's first line runs (seen with Node 20.20: 4 threads whatever the module set). Each camera occupies two threads of
 * that pool for good, so the size must be set before anything else. Idle threads cost some ten kilobytes each.
 */
process.env.UV_THREADPOOL_SIZE ??= "64";

// ONNX Runtime's telemetry: see models/onnx/no-telemetry.ts. Here for every command, and for what it starts.
process.env.ORT_DISABLE_TELEMETRY = "1";

// mqtt writes every packet into its debug output, the password in CONNECT with the others.
if (process.env.DEBUG !== undefined) process.env.DEBUG += ",-mqtt*";

/**
 * How far the heap may grow between two full collections, per cent. V8 counts pictures and maps, which live outside its heap,
 * as growth. The quick collections of what is new free them, but come only once 32 MB are there, and V8 wants room for its young
 * generation (16 MB) besides: a heap of 24 MB that may grow by 200 per cent (48 MB) was walked whole every second or two, in steps
 * of up to 18 ms on the main thread, with four threads beside it that took the cores from inference. 400 leaves 96 MB, and the full
 * collections are rare: with a 60 frames/s model none in ten seconds.
 */
v8.setFlagsFromString("--heap-growing-percent=400");

import("./cli/program.js").then(
  async ({ runProgram }) => {
    process.exitCode = await runProgram(process.argv.slice(2));
  },
  (error: unknown) => {
    console.error("retort cannot start:", error);
    process.exitCode = 1;
  },
);
