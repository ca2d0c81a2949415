import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createGstreamerSource } from "../../agent/capture/gstreamer.js";
import { createImagesSource } from "../../agent/capture/images.js";
import { launchLine } from "../../agent/capture/launch/sources.js";
import { writePng } from "../../models/pictures/images.js";
import { frameSourceContract } from "../contracts/frame-source.js";
import { fakeSource } from "../fakes/frame-source.js";
import { suite } from "../support/suite.js";

const input = { width: 64, height: 48 };
const roi = { x: 0, y: 0, width: 1, height: 1 };
const launched = (launch: string) =>
  createGstreamerSource({
    launch: launchLine({ type: "gstreamer", launch, live: false }, { input, roi, board: "generic" }),
    input,
    held: 5,
  });

frameSourceContract("the fake", async () => ({
  input,
  three: () => {
    const three = ["picture", "picture", "picture", "ended"] as const;
    return fakeSource(input, [...three, ...three]);
  },
  dead: () => fakeSource(input, ["silence"]),
}));

frameSourceContract("GStreamer", async () => ({
  input,
  three: () => launched("videotestsrc num-buffers=3"),
  // A source that is never fed.
  dead: () => launched("appsrc caps=video/x-raw,format=RGB,width=64,height=48,framerate=1/1"),
}));

frameSourceContract("a folder of images", async () => {
  const path = await mkdtemp(join(tmpdir(), "retort-images-"));
  const empty = await mkdtemp(join(tmpdir(), "retort-empty-"));
  await writeFile(join(empty, "readme.txt"), "no picture");
  for (const name of ["a.png", "b.png", "c.png"]) {
    await writePng(join(path, name), new Uint8Array(80 * 60 * 3), { width: 80, height: 60 }, 3);
  }
  return {
    input,
    three: () => createImagesSource({ path, input, roi }),
    dead: () => createImagesSource({ path: empty, input, roi }),
  };
});

const test = suite("a folder that is not there");

test("its name is told, and not where on this machine it was", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "retort-gone-")), "line-7");
  const source = createImagesSource({ path, input, roi });
  source.start();
  assert.equal(await source.grab(), { kind: "lost", reason: "there is no folder line-7" });
});

test.run();
