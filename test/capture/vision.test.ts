/** GigE Vision, against Aravis's own fake camera on the wire: 512 x 512 at 25 frames/s unless told otherwise. */
import * as assert from "uvu/assert";
import type { Rect } from "../../agent/types.js";
import { suite } from "../support/suite.js";
import { noVisionCamera, withVisionCamera } from "../support/vision-camera.js";

const missing = noVisionCamera();
if (missing !== null) console.log(`GigE Vision is skipped: ${missing}`);
const test = suite("GigE Vision");
const check = missing === null ? test : test.skip;

const tenth = `
  let frames = 0;
  camera(source, new BehaviorSubject(10), 100, (event) => {
    if (event.kind === "condition" && event.condition === "no-signal") console.error(event.reason);
    if (event.kind === "frame" && ++frames === 10) done(event.frame.view);
  });
`;

for (const format of ["mono", "bayer"] as const) {
  check(`a camera that is given no size keeps its own: ${format}`, async () => {
    const view = await withVisionCamera<Rect>({ source: { type: "aravis", trigger: "off", format }, script: tenth });
    assert.equal(view, { x: 0, y: 0, width: 512, height: 512 });
  });
}

check("a size that is given is the camera's", async () => {
  const source = { type: "aravis", trigger: "off", width: 320, height: 200 } as const;
  assert.equal(await withVisionCamera<Rect>({ source, script: tenth }), { x: 0, y: 0, width: 320, height: 200 });
});

test.run();
