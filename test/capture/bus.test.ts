import * as assert from "uvu/assert";
import { parseLaunch, pull } from "../../agent/capture/binding.js";
import { createBus } from "../../agent/capture/bus.js";
import { suite } from "../support/suite.js";
import { until } from "../support/until.js";

const test = suite("a pipeline's messages");

test("they are read to their end after each run, whatever version of Node runs", async () => {
  const pipeline = parseLaunch("appsrc name=bell videotestsrc num-buffers=2 ! appsink name=sink");
  const bus = createBus(pipeline, pipeline.findChild("bell"));
  const sink = pipeline.findChild("sink") as Parameters<typeof pull>[0];
  for (const run of ["the first", "the second"]) {
    bus.open();
    pipeline.play();
    bus.listen(() => undefined);
    let pictures = 0;
    while ((await pull(sink)) !== null) pictures += 1;
    assert.is(pictures, 2);
    pipeline.stop();
    let drained = false;
    void bus.drain().then(() => (drained = true));
    await until(() => drained, `the end of the messages of ${run} run`);
  }
});

test.run();
