/** What runs for months must not grow: neither with every frame, nor with every attempt to reach a camera that is away. */
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as assert from "uvu/assert";
import type { FrameSource } from "../../agent/capture/frame-source.js";
import { createGstreamerSource } from "../../agent/capture/gstreamer.js";
import { type LaunchedSource, launchLine } from "../../agent/capture/launch/sources.js";
import { suite } from "../support/suite.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const input = { width: 64, height: 64 };
const test = suite("memory");

function open(source: LaunchedSource): FrameSource {
  const roi = { x: 0, y: 0, width: 1, height: 1 };
  return createGstreamerSource({ launch: launchLine(source, { input, roi, board: "generic" }), input, held: 5 });
}

function residentMb(): number {
  collect();
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
}

/** @returns MB that it grew by, after as many rounds to warm up */
async function growth(what: string, rounds: number, round: () => Promise<void>): Promise<number> {
  const run = async (): Promise<void> => {
    for (let index = 0; index < rounds; index += 1) {
      await round();
      // Else the heap grows with the rate of what is thrown away, in steps, for minutes.
      if (index % 1_000 === 999) collect();
    }
  };
  await run();
  const before = residentMb();
  await run();
  const grown = residentMb() - before;
  console.log(`${what}: ${grown.toFixed(1)} MB`);
  return grown;
}

const unpatched = "is the GStreamer binding patched? node deploy/setup.mjs does it";

test("frames leave nothing behind", async () => {
  const source = open({ type: "gstreamer", launch: "videotestsrc ! video/x-raw,width=64,height=64", live: false });
  source.start();
  // The unpatched binding grows by 0.6 KB a frame: 12 MB.
  const grown = await growth("20,000 frames", 20_000, async () => {
    assert.is((await source.grab()).kind, "picture");
  });
  await source.stop();
  assert.ok(grown < 5, unpatched);
});

test("attempts to reach a camera that is away leave nothing behind", async () => {
  // Nobody listens on port 1.
  const url = "rtsp://127.0.0.1:1/away";
  const source = open({ type: "rtsp", url, latencyMs: 50, transport: "tcp", codec: "auto" });
  // The unpatched binding grows by 20 to 30 KB an attempt.
  const grown = await growth("400 attempts", 400, async () => {
    source.start();
    assert.is((await source.grab()).kind, "lost");
    await source.stop();
  });
  assert.ok(grown < 4, unpatched);
});

test("a film that begins anew leaves nothing behind", async () => {
  const source = open({ type: "gstreamer", launch: "videotestsrc num-buffers=2", live: false });
  const grown = await growth("200 loops", 200, async () => {
    source.start();
    while ((await source.grab()).kind === "picture");
    await source.stop();
  });
  assert.ok(grown < 2.5, unpatched);
});

test.run();
