import { execFileSync } from "node:child_process";
import * as assert from "uvu/assert";
import { mallocUse, trimmer } from "../../agent/kit/allocator.js";
import { ffi } from "../../agent/kit/ffi.js";
import { suite } from "../support/suite.js";

const test = suite("allocator");

/**
 * In a process of its own: blocks as large as maps come and go, every second one stays, as in a process that runs for hours. Prints what is resident
 * before and after a trim, in MB.
 */
const HOLES = `
const { trimmer } = await import(${JSON.stringify(new URL("../../agent/kit/allocator.js", import.meta.url).href)});
const { ffi } = await import(${JSON.stringify(new URL("../../agent/kit/ffi.js", import.meta.url).href)});
const trim = trimmer();
const libc = ffi().load(null);
const [malloc, free, memset] = [libc.func("malloc", "uintptr_t", ["size_t"]), libc.func("free", "void", ["uintptr_t"]),
  libc.func("memset", "uintptr_t", ["uintptr_t", "int", "size_t"])];
const block = () => { const at = malloc(262144); memset(at, 1, 262144); return at; };
const resident = () => process.memoryUsage.rss() / 1e6;
// glibc maps the first ones alone, and learns from their end to keep such blocks together.
for (const each of Array.from({ length: 8 }, block)) free(each);
const blocks = Array.from({ length: 400 }, block);
blocks.forEach((each, index) => { if (index % 2 === 0) free(each); });
const before = resident();
await new Promise((resolve) => trim.async(0, resolve));
console.log(JSON.stringify([before, resident()]));
`;

test("memory that pictures leave between what stays goes back to the system", () => {
  if (trimmer() === null) {
    console.log("skipped: the C library is not glibc");
    return;
  }
  const [before, after] = JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "--eval", HOLES], { encoding: "utf8" }),
  ) as [number, number];
  // 200 blocks of 0.26 MB are free.
  assert.ok(before - after > 40, `${before} MB before, ${after} MB after`);
});

test("what is in use of malloc's memory, and what is not, is told", () => {
  const use = mallocUse();
  if (use === null) {
    console.log("skipped: the C library has no mallinfo2");
    return;
  }
  const libc = ffi().load(null);
  const [malloc, free] = [libc.func("malloc", "uintptr_t", ["size_t"]), libc.func("free", "void", ["uintptr_t"])];
  const MB = 1_048_576;
  const before = use();
  const blocks = Array.from({ length: 64 }, () => malloc(MB));
  const during = use();
  for (const block of blocks) free(block);
  const after = use();
  const taken = (during.inUse - before.inUse) / MB;
  assert.ok(taken > 60 && taken < 80, `${taken} MB in use`);
  assert.ok((during.inUse - after.inUse) / MB > 60, "and no longer");
  assert.ok(before.inUse > 0 && before.free >= 0);
});

test.run();
