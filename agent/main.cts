#!/usr/bin/env node
/**
 * The entry. CommonJS on purpose: Node loads an ES module with libuv's thread pool, which fixes the pool's size before the
 * module's first line runs (seen with Node 20.20: 4 threads whatever the module set). Each camera occupies two threads of
 * that pool for good, so the size must be set before anything else. Idle threads cost some ten kilobytes each.
 */
process.env.UV_THREADPOOL_SIZE ??= "64";

// mqtt writes every packet into its debug output, the password in CONNECT with the others.
if (process.env.DEBUG !== undefined) process.env.DEBUG += ",-mqtt*";

import("./cli/program.js").then(
  async ({ runProgram }) => {
    process.exitCode = await runProgram(process.argv.slice(2));
  },
  (error: unknown) => {
    console.error("retort cannot start:", error);
    process.exitCode = 1;
  },
);
