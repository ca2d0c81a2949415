import * as assert from "uvu/assert";
import { suite } from "../support/suite.js";
import { figuresIn, kindsIn, memoryOf, type Sample } from "./memory.js";

const test = suite("soak memory");

test("what malloc holds is told apart from the rest of the memory, and from files", () => {
  const mapping = (range: string, name: string, rssKib: number, anonymousKib: number) =>
    `${range} rw-p 00000000 00:00 0      ${name}\nRss:      ${rssKib} kB\nAnonymous:      ${anonymousKib} kB\n`;
  const smaps = [
    mapping("55d000000000-55d000400000", "[heap]", 2_048, 2_048),
    // An arena of glibc's, and what it has not used of its 64 MB.
    mapping("7f1000000000-7f1000800000", "", 3_072, 3_072),
    mapping("7f1000800000-7f1004000000", "", 0, 0),
    mapping("7f1004100000-7f1004200000", "", 512, 512),
    mapping("7f2000000000-7f2000100000", "/usr/lib/libonnxruntime.so", 1_024, 256),
  ].join("");
  assert.equal(kindsIn(smaps), { malloc: 5, other: 0.5, files: 1 });
});

test("what grows after the warm-up is told in MB an hour, over all of it and lately", () => {
  // Ten MB an hour for two hours, nothing after that.
  const samples = Array.from({ length: 360 }, (_, index): Sample => {
    const uptimeS = index * 30;
    const rest = { other: 50, files: 10, heapUsed: 30, arrayBuffers: Number.NaN, native: 80 };
    return { uptimeS, malloc: 100 + Math.min(uptimeS / 360, 20), ...rest };
  });
  const { kinds } = memoryOf(samples)!;
  assert.ok(kinds.malloc.slopePerHour > 7 && kinds.malloc.slopePerHour < 10, String(kinds.malloc.slopePerHour));
  assert.is(kinds.malloc.lateSlopePerHour, 0);
  assert.equal([kinds.other.slopePerHour, kinds.anonymous.last], [0, 170]);
  assert.is(memoryOf(samples.slice(0, 5)), null);
});

test("what comes and goes between two collections is told apart from what stays", () => {
  // Nine minutes between two collections, in a heap of which two MB an hour are never freed.
  const samples = Array.from({ length: 360 }, (_, index): Sample => {
    const uptimeS = index * 30;
    const heapUsed = 30 + (uptimeS / 3_600) * 2 + (uptimeS % 540) / 10;
    return { uptimeS, malloc: 100, other: 50, files: 10, heapUsed, arrayBuffers: 5, native: 80 };
  });
  const { heapUsed } = memoryOf(samples)!.kinds;
  assert.ok(Math.abs(heapUsed.lateFloorSlopePerHour! - 2) < 1, String(heapUsed.lateFloorSlopePerHour));
  assert.is(memoryOf(samples.slice(0, 200))!.kinds.heapUsed.lateFloorSlopePerHour, null);
});

test("an agent's own figures are read from its metrics; what it does not say is no number", () => {
  const metrics = [
    "nodejs_heap_size_used_bytes 31457280",
    "nodejs_array_buffers_bytes 5242880",
    "retort_malloc_used_bytes 104857600",
  ];
  assert.equal(figuresIn(metrics.join("\n")), { heapUsed: 30, arrayBuffers: 5, native: 95 });
  assert.equal(figuresIn(""), { heapUsed: Number.NaN, arrayBuffers: Number.NaN, native: Number.NaN });
});

test.run();
