import { createHash } from "node:crypto";
import * as assert from "uvu/assert";
import type { EvidenceMaker, Made } from "../../agent/evidence/maker.js";
import type { Picture, Subject } from "../../agent/evidence/subject.js";
import { suite } from "../support/suite.js";

const size = { width: 16, height: 16 };

/** A grey part with one defect. */
export function subject(level = 100, rest: Partial<Subject> = {}): Subject {
  const map = new Float32Array(256).fill(0.1);
  map.fill(0.9, 100, 104);
  return {
    pixels: new Uint8Array(768).fill(level),
    map,
    size,
    view: { x: 0, y: 0, width: 32, height: 24 },
    threshold: 0.5,
    regions: [{ x: 8, y: 8, width: 8, height: 4, area: 12, score: 0.9 }],
    ...rest,
  };
}

export function picture(made: Made): Picture {
  if (made.kind === "failed") throw new Error(`${made.reason}: ${made.message}`);
  return made.picture;
}

/** What every EvidenceMaker keeps. */
export function evidenceMakerContract(name: string, open: () => EvidenceMaker): void {
  const test = suite(`evidence maker contract: ${name}`);
  let maker: EvidenceMaker;
  test.before.each(() => {
    maker = open();
  });
  test.after.each(() => maker.close());

  test("makes a whole JPEG and its SHA-256", async () => {
    const { jpeg, sha256 } = picture(await maker.make(subject()));
    assert.equal([...jpeg.slice(0, 2), ...jpeg.slice(-2)], [0xff, 0xd8, 0xff, 0xd9]);
    assert.is(jpeg.buffer.byteLength, jpeg.byteLength, "it can be transferred");
    assert.is(createHash("sha256").update(jpeg).digest("hex"), sha256);
  });

  test("leaves frame and map to those who hold them", async () => {
    const batch = new Float32Array(512).fill(0.2);
    const asked = subject(7, { map: batch.subarray(256) });
    picture(await maker.make(asked));
    assert.is(asked.pixels.length, 768);
    assert.ok(asked.pixels.every((value) => value === 7));
    assert.ok(batch.length === 512 && batch.every((value) => value === Math.fround(0.2)));
  });

  test("keeps pictures apart when many are asked at once", async () => {
    const [dark, light, again] = await Promise.all([20, 220, 20].map((level) => maker.make(subject(level))));
    assert.is(picture(dark!).sha256, picture(again!).sha256);
    assert.is.not(picture(dark!).sha256, picture(light!).sha256);
  });

  test("what cannot be drawn is a value, and the next is drawn", async () => {
    const made = await maker.make(subject(100, { map: new Float32Array(3) }));
    assert.is(made.kind === "failed" && made.reason, "render");
    picture(await maker.make(subject()));
  });

  test("after closing every picture is refused, and closing again is harmless", async () => {
    await maker.close();
    await maker.close();
    const made = await maker.make(subject());
    assert.is(made.kind === "failed" && made.reason, "stopped");
  });

  test("what is asked for as it closes still gets an answer", async () => {
    const asked = [1, 2, 3].map((level) => maker.make(subject(level)));
    await maker.close();
    for (const made of await Promise.all(asked)) assert.ok(made.kind === "made" || made.reason === "stopped");
  });

  test.run();
}
